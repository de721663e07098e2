#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "datasets/partition.h"
#include "engine/core/batch_schedule.h"

namespace sac {

/// Which samples a worker sees at which step: a pure function of (rank, step), without state, safe from any thread.
///
/// iid: one endless stream for all workers, a fresh permutation of the samples an epoch; worker k of W takes positions
/// [(t W + k) B, +B) at step t. So W workers with batch B see at each step exactly what one worker with batch W B sees.
/// Other partitions: the same stream over the worker's own samples, positions [t B, +B). With batches that grow, b(t)
/// stands for B and the sum of b before t for t B: every sample still comes once an epoch.
class Sampler {
 public:
  /// @param targets  labels of the training samples, read during construction only.  @param batches  of a worker, >= 1.
  /// @throws ConfigError  no samples, workers < 1, batch_size < 1, or a worker would get no sample.
  Sampler(const PartitionConfig& config, std::span<const std::int64_t> targets, std::int64_t workers,
          const BatchSchedule& batches, std::uint64_t seed);

  /// Sample indices of worker `rank`'s batch at its step `step` (counted from 0). Replaces the content of `out` [B].
  void indices(std::int64_t rank, std::int64_t step, std::vector<std::int64_t>& out) const;

  /// A batch shared out over `parts` workers: W / parts groups draw batches in the place of W workers, from their
  /// members' samples, and this is slice `part` of group `group`'s batch. Replaces the content of `out` [B / parts].
  /// @throws ConfigError  parts does not divide the batch size or the number of workers.
  void indices(std::int64_t group, std::int64_t step, std::int64_t part, std::int64_t parts,
               std::vector<std::int64_t>& out) const;

  /// A place among all that the run draws.
  struct Place {
    std::int64_t stream = 0;  ///< iid: 0, else the worker or group
    std::int64_t first = 0;   ///< position in the stream
  };
  /// Of part `part`'s first sample; the others follow it. No two draws have the same.
  [[nodiscard]] Place place(std::int64_t group, std::int64_t step, std::int64_t part, std::int64_t parts) const;

  /// Steps a worker until the workers together have drawn as many samples as there are.
  [[nodiscard]] std::int64_t steps_per_epoch() const;
  [[nodiscard]] std::int64_t batch_size() const { return batches_.size(); }
  [[nodiscard]] std::int64_t workers() const { return workers_; }

 private:
  [[nodiscard]] std::int64_t stream_position(std::int64_t group, std::int64_t step, std::int64_t part,
                                             std::int64_t parts) const;

  std::int64_t samples_;
  std::int64_t workers_;
  BatchSchedule batches_;
  std::uint64_t seed_;
  std::vector<std::int64_t> order_;    ///< samples by worker, concatenated; empty for iid
  std::vector<std::int64_t> offsets_;  ///< worker k owns order_[offsets_[k], offsets_[k + 1]); empty for iid
};

}  // namespace sac
