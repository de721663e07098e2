#pragma once
#include "engine/core/metric_sink.h"
#include "engine/train/config.h"
#include "experiments/run_key.h"
#include "experiments/spec.h"

namespace sac {

/// What a spec says of its run; the number of parameters, the provenance and the pipeline stay empty.
/// @param spec  its length and device fixed (see with_steps, with_device).
RunContext run_context(const RunSpec& spec, const TrainConfig& train, const RunKey& key);

}  // namespace sac
