#include "engine/train/federated_model.h"

#include <algorithm>

namespace sac {

FederatedModel::FederatedModel(const Options& options, const OuterConfig& outer, const ServerSetup& setup)
    : draw_(options.number("client_fraction"), setup.workers, setup.seed),
      pushes_(options, setup),
      outer_(outer),
      parameters_(setup.parameters),
      differences_(static_cast<std::size_t>(setup.workers)),
      absent_(static_cast<std::size_t>(setup.workers), 0) {
  outer_.prepare(parameters_);
  for (int worker = 0; worker < setup.workers; ++worker) next_.push_back(draw_.next(worker, 0));
}

bool FederatedModel::apply(const ServerUpdate& update) {
  const at::Tensor& difference = pushes_.read(update);
  if (!draw_.takes_part(update.worker, rounds_)) return false;  // of a round that did not wait for it
  differences_[static_cast<std::size_t>(update.worker)] = difference.clone();
  return advance();
}

/// Closes what is complete.  @return whether the model has changed.
bool FederatedModel::advance() {
  if (std::all_of(absent_.begin(), absent_.end(), [](std::uint8_t absent) { return absent != 0; })) return false;
  bool changed = false;
  while (complete()) changed = close_round() || changed;
  return changed;
}

/// Nobody of this round is to push any more.
bool FederatedModel::complete() const {
  for (std::size_t worker = 0; worker < absent_.size(); ++worker) {
    const bool awaited = absent_[worker] == 0 && !differences_[worker].defined();
    if (awaited && draw_.takes_part(static_cast<int>(worker), rounds_)) return false;
  }
  return true;
}

/// @return whether the model has changed.
bool FederatedModel::close_round() {
  at::Tensor sum;
  double count = 0.0;
  for (at::Tensor& difference : differences_) {
    if (!difference.defined()) continue;
    sum = sum.defined() ? sum.add_(difference) : difference;
    difference.reset();
    ++count;
  }
  ++rounds_;
  if (!sum.defined()) return false;
  parameters_.add_(sum.div_(count));
  outer_.step(parameters_);
  return true;
}

bool FederatedModel::leave(int worker) {
  absent_[static_cast<std::size_t>(worker)] = 1;
  return advance();
}

void FederatedModel::read(int worker) {
  std::int64_t& next = next_[static_cast<std::size_t>(worker)];
  next = draw_.next(worker, next);
}

}  // namespace sac
