#include "engine/train/served_model.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

#include "engine/train/compressor.h"

namespace sac {

std::vector<OptionSpec> ServedModel::options() {
  return joined({{{.name = "gradient_weight",
                   .fallback = std::string("one"),
                   .doc = "a change counts in full, or as 1/K of a step",
                   .choices = {"one", "share"}}},
                 StaleGradients::options()});
}

ServedModel::ServedModel(const Options& options, const ServerPolicy& policy, const ServerSetup& setup)
    : policy_(policy),
      stale_(options, setup.workers),
      codec_(Compressor::codec_of(options)),
      seed_(setup.seed),
      weight_(options.text("gradient_weight") == "share" ? 1.0 / setup.workers : 1.0),
      parameters_(setup.parameters),
      value_(at::empty_like(parameters_)),
      gradient_(at::zeros_like(parameters_)),
      optimizer_(setup.optimizer(parameters_, gradient_)),
      clients_(static_cast<std::size_t>(setup.workers)) {
  if (policy_.gradients == 0) policy_.gradients = setup.workers;
  stale_.changed(parameters_);
  for (int worker = 0; worker < setup.workers; ++worker) stale_.read(worker, parameters_);
}

void ServedModel::decode(const ServerUpdate& update) {
  if (!codec_) {
    value_.copy_(update.value);
    return;
  }
  const CodecRound round{.seed = seed_, .number = static_cast<std::uint64_t>(client(update.worker).clock)};
  codec_->decode(update.value, round, value_);
}

bool ServedModel::apply(const ServerUpdate& update) {
  Client& pusher = client(update.worker);
  ++pusher.clock;
  pusher.waits_for = kNothing;
  if (policy_.late_dropped && pusher.read_at < changes_) return drop();
  decode(update);
  if (!stale_.correct(value_, update, parameters_)) return drop();
  if (collected_ == 0) gradient_.zero_();
  gradient_.add_(value_);
  ++collected_;
  lr_ = update.lr;
  if (policy_.pushers_wait) pusher.waits_for = changes_;
  return step_when_complete();
}

std::int64_t ServedModel::needed() const {
  const auto grown = static_cast<std::int64_t>(std::floor(policy_.growth * static_cast<double>(changes_)));
  const std::int64_t wanted = policy_.gradients + grown;
  if (!policy_.pushers_wait) return wanted;
  const auto present = std::count_if(clients_.begin(), clients_.end(), [](const Client& c) { return c.present; });
  return std::min<std::int64_t>(wanted, std::max<std::int64_t>(present, 1));
}

bool ServedModel::step_when_complete() {
  if (collected_ == 0 || collected_ < needed()) return false;
  if (collected_ > 1) gradient_.div_(static_cast<double>(collected_));
  optimizer_->step(lr_ * weight_);
  collected_ = 0;
  ++changes_;
  stale_.changed(parameters_);
  return true;
}

bool ServedModel::may_read(int worker) const {
  const Client& reader = client(worker);
  if (reader.waits_for == changes_) return false;
  if (policy_.clock_gap == std::numeric_limits<std::int64_t>::max()) return true;
  std::int64_t slowest = reader.clock;
  for (const Client& other : clients_) {
    if (other.present) slowest = std::min(slowest, other.clock);
  }
  return reader.clock - slowest <= policy_.clock_gap;
}

void ServedModel::read(int worker) {
  client(worker).read_at = changes_;
  stale_.read(worker, parameters_);
}

bool ServedModel::leave(int worker) {
  client(worker).present = false;
  return policy_.pushers_wait && step_when_complete();
}

void ServedModel::come_back(int worker) { client(worker).present = true; }

bool ServedModel::in_vain(int worker) const { return policy_.late_dropped && client(worker).read_at < changes_; }

void ServedModel::io(Archive& archive) {
  std::int64_t updates = optimizer_->steps_done();
  archive.io(clients_, changes_, dropped_, collected_, lr_, updates);
  archive.io_in_place(gradient_);
  for (const at::Tensor& state : optimizer_->state()) archive.io_in_place(state);
  stale_.io(archive);
  if (archive.reading()) optimizer_->set_steps_done(updates);
}

}  // namespace sac
