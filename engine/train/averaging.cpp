#include "engine/train/averaging.h"

namespace sac {
namespace {

/// Drifts are measured once in so many steps at most: each takes as long as the average itself.
constexpr std::int64_t kWatchSteps = 10;

}  // namespace

std::vector<OptionSpec> Averaging::options(std::int64_t period) {
  return joined({PeriodSchedule::options(period), {StateMerge::option()}, Compressor::options()});
}

Averaging::Averaging(const Options& options, const std::string& strategy)
    : period_(options), merge_(options), mean_(options) {
  require_lengths(mean_.compressor(), strategy);
}

void Averaging::prepare(Worker& worker) {
  all_ = Slices({{0, worker.layout().parameter_count()}});
  period_.prepare(worker, all_);
  restart(worker);
}

void Averaging::restart(Worker& worker) { mean_.agree(worker.parameters()); }

bool Averaging::after_update(Worker& worker, const std::function<void()>& then) {
  if (!period_.due(worker, all_)) return false;
  const std::int64_t steps = worker.step() + 1;
  const bool watched = steps / kWatchSteps != (steps - period_.steps_in_period()) / kWatchSteps;
  const at::Tensor before = watched ? worker.parameters().clone() : at::Tensor();
  mean_.apply(worker, worker.comm(), worker.parameters());
  if (watched) worker.report("drift", before.sub_(worker.parameters()).norm().item<double>());
  merge_.apply(worker, all_);
  if (then) then();
  restart(worker);
  period_.averaged(worker, all_);
  return true;
}

}  // namespace sac
