#include "experiments/run_context.h"

namespace sac {

RunContext run_context(const RunSpec& spec, const TrainConfig& train, const RunKey& key) {
  return {.name = spec.name,
          .key = key.run,
          .group_key = key.group,
          .spec_toml = canonical_toml(spec),
          .strategy = spec.choice("strategy"),
          .dataset = spec.choice("data"),
          .model = spec.choice("model"),
          .fabric = spec.table("cluster").text("fabric"),
          .workers = spec.workers(),
          .seed = train.seed,
          .batch_size = train.batch_size,
          .steps = train.steps,
          .parameters = 0,
          .provenance = {}};
}

}  // namespace sac
