#include "engine/train/stage_merge.h"

#include "engine/core/error.h"

namespace sac {

std::vector<OptionSpec> StageMerge::options() {
  return joined({{{.name = "staging",
                   .fallback = std::string("bucketed"),
                   .doc = "chunks all at the stage's end, or one after the other over the stage",
                   .choices = {"bucketed", "rotating"}},
                  {.name = "chunks",
                   .fallback = std::int64_t{1},
                   .doc = "pieces of the stage-end average, S",
                   .min = 1,
                   .max = 65536},
                  {.name = "overlap", .fallback = false, .doc = "averages travel behind the next steps' compute"},
                  {.name = "overlap_steps",
                   .fallback = std::int64_t{1},
                   .doc = "steps between sending and merging",
                   .min = 1,
                   .max = 1e6},
                  StateMerge::option()},
                 Compressor::options()});
}

StageMerge::StageMerge(const Options& options, const PeriodSchedule& period)
    : rotating_(options.text("staging") == "rotating"),
      overlap_(options.boolean("overlap")),
      chunks_(options.integer("chunks")),
      state_(options),
      delayed_(overlap_ ? options.integer("overlap_steps") : 0, options, "staged", chunks_) {
  if (whole()) return;
  if (!period.foreseeable()) {
    throw ConfigError(
        "strategy 'staged': period_schedule = divergence needs v merged in one piece: turn overlap off, use staging = "
        "bucketed");
  }
  if (!state_.keeps()) {
    throw ConfigError("strategy 'staged': buffers must be 'keep' where v is merged piece by piece (overlap, rotating)");
  }
}

void StageMerge::step(Worker& worker, const Slices& slices, const PeriodSchedule& period, bool stage_ends) {
  std::int64_t first = 0;
  std::int64_t last = stage_ends ? chunks_ : 0;
  if (rotating_) {
    first = (period.steps_in_period() - 1) * chunks_ / period.period();
    last = period.steps_in_period() * chunks_ / period.period();
  }
  for (std::int64_t chunk = first; chunk < last; ++chunk) delayed_.send(worker, slices.part(chunk, chunks_), chunk);
  delayed_.merge_due(worker);
  if (!stage_ends || !whole()) return;
  state_.apply(worker, slices);
  delayed_.agree(worker);
}

}  // namespace sac
