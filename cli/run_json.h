#pragma once
#include <string>

#include "engine/core/metric_sink.h"
#include "results/json.h"

namespace sac {

/// A run as `train --json` prints it: run, name, status, key, strategy, workers, seed, steps, params_sha256, final,
/// seconds, wall_seconds, time (means over workers), traffic (sums over workers), staleness (null without a server).
/// What is not known is null; NaN and infinity are the strings "nan", "inf", "-inf".
Json run_json(const RunContext& context, std::int64_t run, const std::string& name, const RunOutcome& outcome);

/// The same for a reader, a few lines.
std::string run_text(const RunContext& context, std::int64_t run, const std::string& name, const RunOutcome& outcome);

/// What a run would take, a few lines.
std::string forecast_text(const RunContext& context, const RunOutcome& outcome);

/// Totals of a run. Times: means over workers. Bytes and messages: sums.
WorkerTotals totals_of(const RunOutcome& outcome);

}  // namespace sac
