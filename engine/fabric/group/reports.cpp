#include "engine/fabric/group/reports.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <string>
#include <utility>

#include "engine/core/error.h"

namespace sac {
namespace {

constexpr int kSize = 0, kBytes = 1;  // tags
constexpr Seconds kForEver{};

at::Tensor size_tensor(std::int64_t size) { return at::empty({1}, at::TensorOptions(at::kLong)).fill_(size); }

}  // namespace

at::Tensor bytes_tensor(std::string& text) {
  return at::from_blob(text.data(), {static_cast<std::int64_t>(text.size())}, at::TensorOptions(at::kByte));
}

void TimedReport::io(Archive& archive) {
  archive.io(report.step, report.samples, report.loss_sum, report.loss_count, report.lr, report.extra, clock,
             wire_bytes);
}

Reports::Reports(const RankContext& context, Take take)
    : context_(&context), take_(std::move(take)), thread_([this] { run(); }) {}

Reports::~Reports() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Reports::send(TimedReport report) {
  if (context_->launch.rank == 0) return take_(report);
  Archive archive;
  report.io(archive);
  const std::lock_guard lock(mutex_);
  queue_.push_back(archive.bytes());
  changed_.notify_all();
}

void Reports::finish() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Reports::run() {
  const Launch& launch = context_->launch;
  context_->watch->run_beside("rank " + std::to_string(launch.rank), [&] {
    ProcessGroup group(*context_, Backend::kGloo, "reports", launch.rank, launch.world_size);
    launch.rank == 0 ? take_all(group) : send_all(group);
  });
}

/// What is queued; empty at the end.
std::deque<std::string> Reports::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return finished_ || !queue_.empty(); });
  return std::exchange(queue_, {});
}

void Reports::send_all(ProcessGroup& group) {
  const auto send = [&](const at::Tensor& tensor, int tag) {
    group.send(tensor, 0, tag)->wait(*context_->watch, "a report", context_->timeout);
  };
  for (auto texts = next(); !texts.empty(); texts = next()) {
    for (std::string& text : texts) {
      send(size_tensor(static_cast<std::int64_t>(text.size())), kSize);
      send(bytes_tensor(text), kBytes);
    }
  }
  send(size_tensor(0), kSize);
}

void Reports::take_all(ProcessGroup& group) {
  const at::Tensor size = size_tensor(0);
  for (int open = group.size() - 1; open > 0;) {
    const PendingPtr announced = group.recv_any(size, kSize);
    announced->wait(*context_->watch, "a report", kForEver);
    std::string text(static_cast<std::size_t>(size.item<std::int64_t>()), '\0');
    if (text.empty()) {
      --open;
      continue;
    }
    group.recv(bytes_tensor(text), announced->source(), kBytes)->wait(*context_->watch, "a report", context_->timeout);
    Archive archive(std::move(text));
    TimedReport report;
    report.io(archive);
    take_(report);
  }
}

}  // namespace sac
