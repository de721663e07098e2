#include "engine/fabric/virtual/compute_model.h"

#include <cmath>

#include "engine/core/error.h"

namespace sac {

ComputeModel::ComputeModel(const ComputeConfig& config, double flops)
    : config_(config), mean_(config.seconds_per_step > 0.0 ? config.seconds_per_step : flops / config.flops_per_s) {
  if (config_.model == "shifted_exponential" && config_.shift_s > mean_) {
    throw ConfigError("cluster.compute.shift_s = " + shortest(config_.shift_s) + " is above the mean of " +
                      shortest(mean_) + " s a step");
  }
}

double ComputeModel::draw(int rank, RandomStream& stream) const {
  double seconds = mean_;
  if (config_.model == "lognormal") {
    seconds = mean_ * std::exp(config_.sigma * stream.normal() - 0.5 * config_.sigma * config_.sigma);
  } else if (config_.model == "shifted_exponential") {
    seconds = config_.shift_s + (mean_ - config_.shift_s) * stream.exponential();
  } else if (config_.model == "pareto") {
    const double scale = mean_ * (config_.shape - 1.0) / config_.shape;
    seconds = scale * std::pow(1.0 - stream.uniform(), -1.0 / config_.shape);
  }
  return config_.speeds.empty() ? seconds : seconds / config_.speeds[static_cast<std::size_t>(rank)];
}

}  // namespace sac
