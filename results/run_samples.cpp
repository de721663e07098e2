#include "results/run_samples.h"

#include "engine/core/batch_schedule.h"
#include "results/spec_text.h"

namespace sac {
namespace {

/// Of runs that an older program stored, too.
std::int64_t integer(const RunRecord& run, const std::string& table, const std::string& key, std::int64_t otherwise) {
  const std::string value = spec_value(run.spec, table, key);
  return value.empty() ? otherwise : std::stoll(value);
}

}  // namespace

std::int64_t replicas_of(const RunRecord& run) { return run.workers / integer(run, "cluster", "pipeline", 1); }

std::int64_t samples_of(const RunRecord& run) {
  const BatchSchedule batches(integer(run, "train", "batch_start", 0), run.batch_size,
                              integer(run, "train", "batch_warmup_steps", 0));
  return batches.before(run.steps) * replicas_of(run);
}

}  // namespace sac
