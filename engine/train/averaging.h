#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/train/difference_mean.h"
#include "engine/train/period.h"
#include "engine/train/state_merge.h"

namespace sac {

/// What all periodic strategies share: workers step alone, and at the end of a period x_k <- mean_j x_j. With a codec
/// the differences since the last average travel: x <- x_start + mean_j C(x_j - x_start). Reports "period" and,
/// at most every tenth step, "drift", |x_k - mean|.
class Averaging {
 public:
  /// Those of PeriodSchedule, StateMerge and Compressor.
  static std::vector<OptionSpec> options(std::int64_t period);

  /// @param strategy  for messages.  @throws ConfigError  options that contradict each other.
  Averaging(const Options& options, const std::string& strategy);

  [[nodiscard]] bool oblivious() const { return period_.oblivious() && mean_.oblivious(); }
  [[nodiscard]] bool exact() const { return mean_.exact(); }  ///< what is averaged is not compressed
  [[nodiscard]] OnDeath on_death() const { return mean_.on_death(); }
  void prepare(Worker& worker);
  /// Once a step, after the local update; averages where due.  @param then  called right after an average: what else
  /// the strategy makes of the mean that parameters() now holds.  @return true at an average.
  bool after_update(Worker& worker, const std::function<void()>& then = {});
  /// The worker's parameters are the start of a new period, however they came about.
  void restart(Worker& worker);
  void io(Archive& archive) { archive.io(period_, mean_); }

 private:
  PeriodSchedule period_;
  StateMerge merge_;
  DifferenceMean mean_;
  Slices all_;
};

}  // namespace sac
