#pragma once
#include <cstdint>
#include <vector>

#include "engine/train/delayed_merge.h"
#include "engine/train/period.h"
#include "engine/train/state_merge.h"

namespace sac {

/// How the average at a stage's end travels: in S chunks, all at the end ("bucketed": the same iterates for any S) or
/// spread over the stage ("rotating": chunk c at step ceil((c + 1) T / S) of it); behind the next steps' computation on
/// request, compressed on request.
class StageMerge {
 public:
  /// staging, chunks, overlap, overlap_steps, buffers and those of Compressor.
  static std::vector<OptionSpec> options();

  /// @throws ConfigError  options that contradict each other or the period's schedule.
  StageMerge(const Options& options, const PeriodSchedule& period);

  /// All chunks are merged when a stage ends.
  [[nodiscard]] bool whole() const { return !rotating_ && !overlap_; }
  [[nodiscard]] bool plain() const { return whole() && chunks_ == 1; }
  [[nodiscard]] bool keeps_state() const { return state_.keeps(); }
  [[nodiscard]] bool exact() const { return delayed_.exact(); }
  /// Before the first step, while all replicas are equal.
  void prepare(Worker& worker) { delayed_.agree(worker); }

  /// Once a step, after the update and `period.due`.
  void step(Worker& worker, const Slices& slices, const PeriodSchedule& period, bool stage_ends);
  void io(Archive& archive, Worker& worker) { delayed_.io(archive, worker); }

 private:
  bool rotating_, overlap_;
  std::int64_t chunks_;
  StateMerge state_;
  DelayedMerge delayed_;
};

}  // namespace sac
