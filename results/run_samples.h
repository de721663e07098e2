#pragma once
#include <cstdint>

#include "results/run_record.h"

namespace sac {

/// Replicas of the model: the workers, or in a pipeline as many as its stages go into them.
std::int64_t replicas_of(const RunRecord& run);

/// Samples that all replicas together draw in the run's steps: its mini-batches may have grown.
std::int64_t samples_of(const RunRecord& run);

}  // namespace sac
