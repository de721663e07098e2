#include "results/run_samples.h"

#include "engine/core/batch_schedule.h"
#include "results/spec_text.h"

namespace sac {
namespace {

using Values = std::map<std::string, std::string>;

/// Of runs that an older program stored, too.
std::int64_t integer(const Values& values, const std::string& key, std::int64_t otherwise) {
  const auto found = values.find(key);
  return found == values.end() ? otherwise : std::stoll(found->second);
}

}  // namespace

std::int64_t replicas_of(const RunRecord& run) {
  return run.workers / integer(spec_values(run.spec), "cluster.pipeline", 1);
}

std::int64_t samples_of(const RunRecord& run) {
  const Values values = spec_values(run.spec);
  const BatchSchedule batches(integer(values, "train.batch_start", 0), run.batch_size,
                              integer(values, "train.batch_warmup_steps", 0));
  return batches.before(run.steps) * run.workers / integer(values, "cluster.pipeline", 1);
}

}  // namespace sac
