#pragma once
#include "datasets/dataset.h"
#include "engine/train/prefetched_batches.h"

namespace sac {

/// Who shares this process's cores.
struct Company {
  int cores = 1;             ///< that this process may use
  int processes = 1;         ///< of the run, on this machine
  int computing = 1;         ///< threads of this process that compute at a time; on a GPU none to speak of: 0
  std::int64_t workers = 1;  ///< of the run in this process
};

/// What data.loader_threads and data.prefetch come to. Left alone: images that are decoded at every step get all cores,
/// for those who wait for a batch need none; augmentations of what lies in memory get cores that would stay idle.
/// @param steps  of the run.
LoaderConfig loader_config(const Options& data, const Dataset& dataset, const Company& company, std::int64_t steps);

}  // namespace sac
