#include "engine/train/stage_messages.h"

#include <ATen/ops/empty.h>
#include <c10/core/ScalarType.h>

namespace sac {
namespace {

constexpr std::int64_t kSaidBytes = 2 * sizeof(double);

std::int64_t said_elements(at::ScalarType dtype) {
  return kSaidBytes / static_cast<std::int64_t>(c10::elementSize(dtype));
}

}  // namespace

void StageInbox::expect(std::vector<std::int64_t> elements, const at::TensorOptions& options) {
  elements_ = std::move(elements);
  options_ = options;
  asked_ = 0;
  ask();
}

void StageInbox::ask() {
  if (asked_ == elements_.size()) return;
  message_ = at::empty({elements_[asked_]}, options_);
  work_ = comm_->recv_async(message_, source_, static_cast<int>(asked_));
  ++asked_;
}

at::Tensor StageInbox::next() {
  const at::Tensor message = std::move(message_);
  const WorkPtr work = std::move(work_);
  ask();
  work->wait();
  return message;
}

void StageOutbox::send(const at::Tensor& message) {
  if (works_.size() == most_) {
    works_.front()->wait();
    works_.pop_front();
  }
  works_.push_back(comm_->send_async(message, destination_, sent_++));
}

void StageOutbox::finish() {
  for (const WorkPtr& work : works_) work->wait();
  works_.clear();
  sent_ = 0;
}

std::int64_t GradientMessage::length(std::int64_t elements, at::ScalarType dtype) {
  return said_elements(dtype) + elements;
}

GradientMessage::GradientMessage(at::Tensor message)
    : message_(std::move(message)),
      said_(message_.narrow(0, 0, said_elements(message_.scalar_type())).view(at::kDouble)) {}

at::Tensor GradientMessage::gradient() const {
  const std::int64_t before = said_elements(message_.scalar_type());
  return message_.narrow(0, before, message_.numel() - before);
}

LossValue GradientMessage::loss() const {
  const at::Tensor loss = said_.select(0, 0);
  return message_.is_cpu() ? LossValue(loss.item<double>()) : LossValue(loss.clone());
}

at::Tensor GradientMessage::busy() const { return said_.select(0, 1).clone(); }

void GradientMessage::say(const LossValue& loss, double busy, const at::Tensor& behind) const {
  loss.store(said_.select(0, 0));
  const at::Tensor seconds = said_.select(0, 1).fill_(busy);
  if (behind.defined()) seconds.add_(behind);
}

}  // namespace sac
