#pragma once
#include "engine/core/metric_sink.h"
#include "experiments/runner.h"

namespace sac {

/// What a run would take.
struct Prediction {
  RunContext context;     ///< of the virtual run
  RunOutcome outcome;     ///< times and bytes; no accuracy, no losses
  bool computed = false;  ///< with real arithmetic, because the strategy's course depends on losses or values
};

/// Runs `spec` on the virtual cluster, whatever its fabric: without arithmetic where the strategy's traits promise that
/// its course does not depend on losses or values, else with it. Both give the times of the whole virtual run exactly.
/// @throws  as prepare_run and VirtualExecutor.
Prediction predict(const RunSpec& spec, const RunSettings& settings);

}  // namespace sac
