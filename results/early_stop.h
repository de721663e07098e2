#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace sac {

/// When a sweep gives a run up: asynchronous successive halving (Li et al. 2020, "A System for Massively Parallel
/// Hyperparameter Tuning", arXiv:1810.05934), its stopping form. A run that passes a rung of min_steps eta^i steps
/// goes on only among the best 1 / eta of those of its seed that have passed the rung so far.
struct EarlyStop {
  std::string series = "loss";  ///< what is compared
  bool maximise = false;
  std::int64_t min_steps = 0;  ///< first rung; 0 = never stop a run
  std::int64_t eta = 3;        ///< >= 2

  [[nodiscard]] bool active() const { return min_steps > 0; }
  /// Steps of the rungs before the end.
  [[nodiscard]] std::vector<std::int64_t> rungs(std::int64_t planned_steps) const;
  /// True where `value` is not among the best 1 / eta of `all`, which holds it. Fewer than eta values tell nothing.
  [[nodiscard]] bool hopeless(double value, const std::vector<double>& all) const;
};

}  // namespace sac
