#include "experiments/repricing.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/value.h"
#include "engine/fabric/virtual/executor.h"
#include "engine/train/rehearsal.h"
#include "results/spec_text.h"

namespace sac {
namespace {

/// Keeps when each point of each series came.
class Moments final : public MetricSink {
 public:
  void begin(const RunContext& /*context*/) override {}
  void record(std::span<const MetricPoint> points) override {
    for (const MetricPoint& point : points) {
      by_series_[{point.series, point.step}] = point;
      by_step_[point.step] = point;
    }
  }
  void progress(const Progress& /*progress*/) override {}
  void finish(const RunOutcome& /*outcome*/) override {}

  /// `point` at its new time.  @throws RunError  the rehearsal did not come by.
  [[nodiscard]] MetricPoint moved(MetricPoint point) const {
    const auto same = by_series_.find({point.series, point.step});
    const auto step = by_step_.find(point.step);
    if (same == by_series_.end() && step == by_step_.end()) {
      throw RunError("the rehearsal has no step " + std::to_string(point.step) + " of series '" + point.series + "'");
    }
    const MetricPoint& there = same != by_series_.end() ? same->second : step->second;
    point.seconds = there.seconds;
    point.wire_bytes = there.wire_bytes;
    if (point.series == kBubble) point.value = there.value;  // it is made of times
    return point;
  }

 private:
  std::map<std::pair<std::string, std::int64_t>, MetricPoint> by_series_;
  std::map<std::int64_t, MetricPoint> by_step_;
};

struct Rehearsal {
  RunContext context;
  RunOutcome outcome;
  Moments moments{};
  std::vector<Span> timeline{};
};

std::string name_of(const RunRecord& run) { return "run " + std::to_string(run.run) + " '" + run.name + "'"; }

/// Workers that pause, die or come back at given times change the course.
bool has_faults(const RunRecord& run) {
  return std::ranges::any_of(spec_values(run.spec), [](const auto& entry) {
    return entry.first.find("fault") != std::string::npos && entry.second != "[]" && !entry.second.empty();
  });
}

void check_course(const PreparedRun& prepared, const RunRecord& run) {
  const Traits traits = prepared.job.strategy()->traits();
  if (!traits.deterministic || traits.drops) {
    throw UsageError(name_of(run) + " cannot be repriced: " + run.strategy +
                     " takes updates as they arrive, so that other times give another course; train it anew");
  }
  if (has_faults(run))
    throw UsageError(name_of(run) + " cannot be repriced: its faults strike at times; train it anew");
  if (!traits.oblivious) {
    throw UsageError(name_of(run) + " cannot be repriced: when " + run.strategy +
                     " sends depends on losses or values with these options; train it anew");
  }
}

Rehearsal rehearse(const RunSpec& spec, const RunSettings& settings, const RunRecord& run) {
  PreparedRun prepared = prepare_run(spec, settings);
  check_course(prepared, run);
  Rehearsal rehearsal{.context = prepared.context, .outcome = {}};
  const std::int64_t eval_every = prepared.job.train.eval_every;
  prepared.job = sac::rehearsal(prepared.job);
  prepared.job.train.eval_every = eval_every;
  prepared.cluster.carries_values = false;
  rehearsal.outcome = VirtualExecutor(prepared.cluster, prepared.slots).run(prepared.job, rehearsal.moments);
  if (prepared.timeline) rehearsal.timeline = prepared.timeline->spans();
  return rehearsal;
}

std::int64_t wire_bytes(const RunOutcome& outcome) {
  std::int64_t sum = 0;
  for (const WorkerTotals& worker : outcome.workers) sum += worker.wire_bytes;
  return sum;
}

}  // namespace

void check_repricing(const std::string& key, const RunRecord& run) {
  const bool network = key.starts_with("cluster.network.");
  if (!network && !key.starts_with("cluster.compute.")) {
    throw UsageError("--set " + key +
                     ": it changes more than what a run costs; repricing takes cluster.network.* and "
                     "cluster.compute.*, anything else must be trained");
  }
  const auto values = spec_values(run.spec);
  const auto table = values.find("cluster.network.all_reduce");
  const bool hidden = network && table != values.end() && table->second != "[]";
  if (hidden) {
    throw UsageError(name_of(run) +
                     " cannot be repriced: its network is the measured table cluster.network.all_reduce, "
                     "which hides " +
                     key);
  }
}

Repricer::Repricer(const Store& store, RunRecord run, RunSettings settings)
    : run_(std::move(run)), settings_(std::move(settings)) {
  if (run_.status != "FINISHED") {
    throw UsageError(name_of(run_) + " is " + run_.status + "; only a FINISHED run can be repriced");
  }
  if (run_.fabric != "virtual") {
    throw UsageError(name_of(run_) + " ran on " + run_.fabric + "; only virtual runs can be repriced (see predict)");
  }
  const Layer own = read_spec_text(run_.spec, "spec of " + name_of(run_));
  RunSettings plain = settings_;
  plain.timeline = 0;
  const Rehearsal rehearsal = rehearse(resolve(std::vector{own}), plain, run_);
  check_rehearsal(rehearsal.context, rehearsal.outcome);
  for (const std::string& series : store.series(run_.run)) {
    std::ranges::copy(store.points(run_.run, series), std::back_inserter(points_));
  }
}

void Repricer::check_rehearsal(const RunContext& context, const RunOutcome& outcome) const {
  if (context.key != run_.key) {
    throw UsageError(name_of(run_) + " cannot be repriced: its spec or data mean something else to this version (key " +
                     context.key.substr(0, 10) + " instead of " + run_.key.substr(0, 10) + "); train it anew");
  }
  if (outcome.seconds == run_.seconds && wire_bytes(outcome) == run_.wire_bytes) return;
  throw UsageError(name_of(run_) + " cannot be repriced: rehearsed on its own cluster it takes " +
                   shortest(outcome.seconds) + " s and " + std::to_string(wire_bytes(outcome)) + " bytes, stored are " +
                   shortest(run_.seconds) + " s and " + std::to_string(run_.wire_bytes) + "; train it anew");
}

RepricedRun Repricer::at(const RunSpec& spec) const {
  Rehearsal rehearsal = rehearse(spec, settings_, run_);
  RepricedRun repriced{.context = rehearsal.context,
                       .outcome = rehearsal.outcome,
                       .points = {},
                       .timeline = std::move(rehearsal.timeline)};
  repriced.context.provenance.emplace_back("repriced from", name_of(run_));
  repriced.outcome.accuracy = run_.accuracy;
  repriced.outcome.loss = run_.loss;
  repriced.outcome.train_loss = run_.train_loss;
  repriced.outcome.params_sha256 = run_.params_sha256;
  repriced.points.reserve(points_.size());
  for (const MetricPoint& point : points_) repriced.points.push_back(rehearsal.moments.moved(point));
  std::ranges::stable_sort(repriced.points, {}, &MetricPoint::step);
  return repriced;
}

}  // namespace sac
