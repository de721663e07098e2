#pragma once
#include <cstdint>
#include <vector>

#include "engine/core/options.h"

namespace sac {

/// Options of the step size, merged into the [optimizer] table: lr (> 0, default 0.1), schedule (constant | step |
/// cosine), warmup_steps (>= 0, linear from lr / (warmup_steps + 1)), step_every (steps, >= 1) or step_at (rising
/// steps) and step_factor (> 0) for `step`, min_lr (>= 0) for `cosine`.
const std::vector<OptionSpec>& schedule_options();

/// The step size as a pure function of the worker's step.
class LearningRate {
 public:
  /// @param total_steps  planned steps a worker; where `cosine` ends.
  LearningRate(const Options& options, std::int64_t total_steps);
  /// @param step  0-based.
  [[nodiscard]] double at(std::int64_t step) const;

 private:
  enum class Kind { kConstant, kStep, kCosine };
  [[nodiscard]] std::int64_t changes_until(std::int64_t step) const;

  Kind kind_;
  double lr_, min_lr_, step_factor_;
  std::int64_t warmup_steps_, step_every_;
  Ints step_at_;
  std::int64_t total_steps_;
};

}  // namespace sac
