#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/options.h"
#include "engine/train/archive.h"
#include "engine/train/slices.h"
#include "engine/train/worker.h"

namespace sac {

/// When workers average: the period H, fixed or changing. It changes only right after an average, is clamped to
/// [1, period_max], and is decided from numbers that all ranks share.
///   constant    H = period
///   linear      H = period + growth n after n averages
///   qsr         H = max(period, floor((coefficient / lr)^2))        Gu et al. 2024, "A Quadratic Synchronization Rule"
///   adacomm     H = ceil(period sqrt(F / F_0)), F the mean loss of the period just ended, F_0 of the first
///                                                                    Wang & Joshi 2019, arXiv:1810.08313
///   divergence  average once mean_k |x_k - r|^2 > threshold, r the last average: an upper bound of mean_k |x_k -
///   mean|^2
///               that costs one number a step to share                Kamp et al. 2018, arXiv:1807.03210
/// adacomm all-reduces one number an average, divergence one a step; both are charged.
class PeriodSchedule {
 public:
  /// period, period_schedule, period_max, period_growth, period_coefficient, period_threshold.
  static std::vector<OptionSpec> options(std::int64_t period);

  explicit PeriodSchedule(const Options& options);

  /// Before the first step, while all replicas are equal.
  void prepare(Worker& worker, const Slices& watched);
  /// Once a step, after the local update: is the average due now? `watched` are the elements it will average.
  bool due(Worker& worker, const Slices& watched);
  /// Right after an average: decides the next period and reports the one in force.
  void averaged(Worker& worker, const Slices& watched);

  [[nodiscard]] std::int64_t period() const { return period_; }
  [[nodiscard]] std::int64_t steps_in_period() const { return steps_; }  ///< since the last average, this step included
  /// True where the end of a period is known from its beginning.
  [[nodiscard]] bool foreseeable() const { return kind_ != Kind::kDivergence; }
  /// True where no period depends on losses or values.
  [[nodiscard]] bool oblivious() const { return kind_ != Kind::kAdaComm && kind_ != Kind::kDivergence; }
  void io(Archive& archive);

 private:
  enum class Kind { kConstant, kLinear, kQsr, kAdaComm, kDivergence };

  [[nodiscard]] bool diverged(Worker& worker, const Slices& watched);
  [[nodiscard]] std::int64_t next_period(Worker& worker);
  [[nodiscard]] static double shared_mean(Worker& worker, double value);

  Kind kind_;
  std::int64_t base_, max_;
  double growth_, coefficient_, threshold_;
  std::int64_t period_;
  std::int64_t steps_ = 0;
  std::int64_t averages_ = 0;
  LossValue loss_sum_;
  double first_loss_ = 0.0;
  at::Tensor reference_;  ///< divergence: the watched elements at the last average
};

}  // namespace sac
