#include "engine/train/served_model.h"

#include <ATen/ops/zeros_like.h>

#include <algorithm>

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
      clocks_(policy.clock_gap, setup.workers),
      pushes_(options, setup),
      stale_(options, setup.workers),
      weight_(options.text("gradient_weight") == "share" ? 1.0 / setup.workers : 1.0),
      parameters_(setup.parameters),
      gradient_(at::zeros_like(parameters_)),
      optimizer_(setup.optimizer(parameters_, gradient_)),
      clients_(static_cast<std::size_t>(setup.workers)) {
  policy_.count.prepare(setup.workers);
  stale_.changed(parameters_);
  for (int worker = 0; worker < setup.workers; ++worker) stale_.read(worker, parameters_);
}

std::unique_ptr<ServedModel> ServedModel::of_shares(const Options& options, const ServerPolicy& policy,
                                                    const ServerSetup& setup) {
  ValueMap values = Compressor::values(options);
  values["gradient_weight"] = std::string("share");
  const Options own(joined({ServedModel::options(), Compressor::options()}), values, "a served half");
  return std::make_unique<ServedModel>(own, policy, setup);
}

bool ServedModel::apply(const ServerUpdate& update) {
  Client& pusher = client(update.worker);
  clocks_.pushed(update.worker, update.seconds);
  pusher.waits_for = kNothing;
  const at::Tensor& value = pushes_.read(update);
  if (policy_.late_dropped && pusher.read_at < changes_) return drop();
  if (!stale_.correct(value, update, parameters_)) return drop();
  if (collected_ == 0) gradient_.zero_();
  gradient_.add_(value);
  ++collected_;
  policy_.count.taken(update.note.loss);
  lr_ = update.note.lr;
  if (policy_.pushers_wait) pusher.waits_for = changes_;
  return step_when_complete();
}

std::int64_t ServedModel::needed() const {
  const std::int64_t wanted = policy_.count.needed();
  return policy_.pushers_wait ? std::min(wanted, std::max<std::int64_t>(clocks_.present(), 1)) : wanted;
}

bool ServedModel::step_when_complete() {
  if (collected_ == 0 || collected_ < needed()) return false;
  if (collected_ > 1) gradient_.div_(static_cast<double>(collected_));
  optimizer_->step(lr_ * weight_);
  collected_ = 0;
  ++changes_;
  policy_.count.changed();
  stale_.changed(parameters_);
  return true;
}

bool ServedModel::may_read(int worker) const {
  return client(worker).waits_for != changes_ && clocks_.may_read(worker);
}

void ServedModel::read(int worker) {
  client(worker).read_at = changes_;
  clocks_.read(worker);
  stale_.read(worker, parameters_);
}

bool ServedModel::leave(int worker) {
  clocks_.set_present(worker, false);
  return policy_.pushers_wait && step_when_complete();
}

void ServedModel::come_back(int worker) { clocks_.set_present(worker, true); }

bool ServedModel::in_vain(int worker) const { return policy_.late_dropped && client(worker).read_at < changes_; }

void ServedModel::io(Archive& archive) {
  std::int64_t updates = optimizer_->steps_done();
  archive.io(clients_, clocks_, pushes_, policy_.count, changes_, dropped_, collected_, lr_, updates);
  archive.io_in_place(gradient_);
  for (const at::Tensor& state : optimizer_->state()) archive.io_in_place(state);
  stale_.io(archive);
  if (archive.reading()) optimizer_->set_steps_done(updates);
}

}  // namespace sac
