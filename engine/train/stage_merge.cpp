#include "engine/train/stage_merge.h"

#include "engine/core/error.h"

namespace sac {

std::vector<OptionSpec> StageMerge::options() {
  return {{.name = "staging",
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
          StateMerge::option()};
}

StageMerge::StageMerge(const Options& options, const PeriodSchedule& period)
    : rotating_(options.text("staging") == "rotating"),
      overlap_(options.boolean("overlap")),
      chunks_(options.integer("chunks")),
      state_(options),
      delayed_(options.integer("overlap_steps")) {
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
  if (rotating_) {
    send_rotating(worker, slices, period);
  } else if (stage_ends) {
    send_whole(worker, slices);
  }
  delayed_.merge_due(worker);
}

void StageMerge::send_rotating(Worker& worker, const Slices& slices, const PeriodSchedule& period) {
  const std::int64_t step = period.steps_in_period();
  const std::int64_t first = (step - 1) * chunks_ / period.period();
  const std::int64_t last = step * chunks_ / period.period();
  for (std::int64_t chunk = first; chunk < last; ++chunk) send(worker, slices.part(chunk, chunks_));
}

void StageMerge::send_whole(Worker& worker, const Slices& slices) {
  std::vector<std::pair<Slices, at::Tensor>> buckets;
  std::vector<WorkPtr> works;
  for (std::int64_t chunk = 0; chunk < chunks_; ++chunk) {
    const Slices part = slices.part(chunk, chunks_);
    if (part.empty()) continue;
    if (overlap_) {
      delayed_.send(worker, part);
      continue;
    }
    buckets.emplace_back(part, part.pack(worker.parameters()));
    works.push_back(worker.comm().all_reduce_async(buckets.back().second, Reduce::kMean));
  }
  for (std::size_t i = 0; i < works.size(); ++i) {
    works[i]->wait();
    buckets[i].first.unpack(buckets[i].second, worker.parameters());
  }
  if (!overlap_) state_.apply(worker, slices);
}

void StageMerge::send(Worker& worker, const Slices& slices) {
  if (overlap_) {
    delayed_.send(worker, slices);
  } else {
    all_reduce(worker.comm(), slices, worker.parameters(), Reduce::kMean);
  }
}

}  // namespace sac
