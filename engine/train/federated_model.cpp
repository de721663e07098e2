#include "engine/train/federated_model.h"

namespace sac {

FederatedModel::FederatedModel(const Options& options, const OuterConfig& outer, const ServerSetup& setup)
    : draw_(options.number("client_fraction"), setup.workers, setup.seed),
      pushes_(options, setup),
      outer_(outer),
      parameters_(setup.parameters),
      differences_(static_cast<std::size_t>(setup.workers)) {
  outer_.prepare(parameters_);
  for (int worker = 0; worker < setup.workers; ++worker) next_.push_back(draw_.next(worker, 0));
}

bool FederatedModel::apply(const ServerUpdate& update) {
  differences_[static_cast<std::size_t>(update.worker)] = pushes_.read(update).clone();
  if (++collected_ < draw_.clients()) return false;
  at::Tensor sum;
  for (at::Tensor& difference : differences_) {
    if (!difference.defined()) continue;
    sum = sum.defined() ? sum.add_(difference) : difference;
    difference.reset();
  }
  parameters_.add_(sum.div_(static_cast<double>(collected_)));
  outer_.step(parameters_);
  collected_ = 0;
  ++rounds_;
  return true;
}

void FederatedModel::read(int worker) {
  std::int64_t& next = next_[static_cast<std::size_t>(worker)];
  next = draw_.next(worker, next);
}

}  // namespace sac
