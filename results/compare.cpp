#include "results/compare.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/core/error.h"
#include "engine/core/value.h"
#include "results/run_samples.h"

namespace sac {
namespace {

constexpr double kNearlyBest = 0.98;
constexpr std::size_t kMostForTarget = 200;  ///< groups, beyond which nobody is helped by a target

/// Where one run reached the target, or its end.
struct Reach {
  bool reached = false;
  double seconds = 0.0;
  double wire_bytes = 0.0;
};

Reach reach(const Store& store, const RunRecord& run, double target) {
  for (const MetricPoint& point : store.points(run.run, "accuracy")) {
    if (point.value >= target) return {true, point.seconds, static_cast<double>(point.wire_bytes)};
  }
  const bool at_end = run.accuracy && *run.accuracy >= target;
  return {at_end, run.seconds, static_cast<double>(run.wire_bytes)};
}

TargetSummary summarize_target(const Store& store, const RunGroup& group, double target) {
  TargetSummary summary;
  std::vector<double> seconds;
  std::vector<double> bytes;
  for (const RunRecord& run : group.runs) {
    const Reach at = reach(store, run, target);
    summary.reached += at.reached ? 1 : 0;
    seconds.push_back(at.seconds);
    bytes.push_back(at.wire_bytes);
  }
  summary.seconds = summarize(seconds);
  summary.wire_bytes = summarize(bytes);
  return summary;
}

std::optional<double> throughput_of(const RunRecord& run) {
  if (!(run.seconds > 0.0)) return std::nullopt;
  return static_cast<double>(samples_of(run)) / run.seconds;
}

template <class Get>
Summary summary_of(const RunGroup& group, Get get) {
  std::vector<double> values;
  for (const RunRecord& run : group.runs) {
    const std::optional<double> value = get(run);
    if (value) values.push_back(*value);
  }
  return summarize(values);
}

GroupSummary summarize_group(RunGroup group) {
  GroupSummary summary;
  summary.accuracy = summary_of(group, [](const RunRecord& run) { return run.accuracy; });
  summary.loss = summary_of(group, [](const RunRecord& run) { return run.loss; });
  summary.seconds = summary_of(group, [](const RunRecord& run) { return run.seconds; });
  summary.throughput = summary_of(group, throughput_of);
  summary.compute_s = summary_of(group, [](const RunRecord& run) { return run.compute_s; });
  summary.communication_s = summary_of(group, [](const RunRecord& run) { return run.communication_s; });
  summary.hidden_communication_s = summary_of(group, [](const RunRecord& run) { return run.hidden_communication_s; });
  summary.waiting_s = summary_of(group, [](const RunRecord& run) { return run.waiting_s; });
  summary.idle_s = summary_of(group, [](const RunRecord& run) { return run.idle_s; });
  summary.wire_bytes = summary_of(group, [](const RunRecord& run) { return static_cast<double>(run.wire_bytes); });
  summary.group = std::move(group);
  return summary;
}

/// Evaluations at each step, averaged over the seeds that have them, thinned to columns.
std::vector<double> accuracy_curve(const Store& store, const RunGroup& group) {
  std::map<std::int64_t, std::pair<double, double>> steps;  // sum, count
  for (const RunRecord& run : group.runs) {
    for (const MetricPoint& point : store.points(run.run, "accuracy")) {
      auto& [sum, count] = steps[point.step];
      sum += point.value;
      count += 1.0;
    }
  }
  std::vector<double> all;
  for (const auto& [step, total] : steps) all.push_back(total.first / total.second);
  if (all.size() <= kCurveColumns) return all;
  std::vector<double> kept;
  for (std::size_t column = 1; column <= kCurveColumns; ++column) {
    kept.push_back(all[column * all.size() / kCurveColumns - 1]);
  }
  return kept;
}

/// The values of two groups at their common seeds, side by side.
struct Pairs {
  std::vector<double> values;
  std::vector<double> baseline;
};

template <class Get>
Pairs paired(const RunGroup& group, const RunGroup& baseline, Get get) {
  Pairs pairs;
  for (const RunRecord& run : group.runs) {
    const auto match = std::ranges::find(baseline.runs, run.seed, &RunRecord::seed);
    if (match == baseline.runs.end()) continue;
    const std::optional<double> value = get(run);
    const std::optional<double> base = get(*match);
    if (!value || !base) continue;
    pairs.values.push_back(*value);
    pairs.baseline.push_back(*base);
  }
  return pairs;
}

template <class Get>
std::optional<PairedEffect> ratio_of(const RunGroup& group, const RunGroup& baseline, Get get) {
  const Pairs pairs = paired(group, baseline, get);
  return paired_ratio(pairs.values, pairs.baseline);
}

/// Times to the target where every run of the common seeds has reached it: leaving out the others would flatter.
std::optional<PairedEffect> target_ratio(const Store& store, const RunGroup& group, const RunGroup& baseline,
                                         double target) {
  bool all = true;
  const Pairs pairs = paired(group, baseline, [&](const RunRecord& run) {
    const Reach at = reach(store, run, target);
    all = all && at.reached;
    return std::optional(at.seconds);
  });
  return all ? paired_ratio(pairs.values, pairs.baseline) : std::nullopt;
}

/// A ratio and its interval times `factor`; the test of "no difference" then is another one.
std::optional<PairedEffect> scaled(std::optional<PairedEffect> ratio, double factor) {
  if (!ratio) return ratio;
  ratio->estimate *= factor;
  if (ratio->interval) ratio->interval = Interval{ratio->interval->low * factor, ratio->interval->high * factor};
  if (factor != 1.0) ratio->p.reset();
  return ratio;
}

Effects effects_of(const std::vector<GroupSummary>& groups, std::size_t place, std::size_t baseline) {
  const RunGroup& group = groups[place].group;
  const RunGroup& base = groups[baseline].group;
  Effects effects;
  effects.group = place;
  const Pairs accuracy = paired(group, base, [](const RunRecord& run) { return run.accuracy; });
  if (!accuracy.values.empty()) effects.accuracy = paired_difference(accuracy.values, accuracy.baseline);
  effects.seconds = ratio_of(group, base, [](const RunRecord& run) { return std::optional(run.seconds); });
  effects.communication_s =
      ratio_of(group, base, [](const RunRecord& run) { return std::optional(run.communication_s); });
  effects.wire_bytes =
      ratio_of(group, base, [](const RunRecord& run) { return std::optional(static_cast<double>(run.wire_bytes)); });
  effects.speed_up = ratio_of(group, base, throughput_of);
  const double workers = static_cast<double>(group.runs.front().workers);
  effects.efficiency = scaled(effects.speed_up, static_cast<double>(base.runs.front().workers) / workers);
  return effects;
}

/// Adjusts the p-values of one metric over all groups.
void adjust(std::vector<Effects>& effects, std::optional<PairedEffect> Effects::*metric) {
  std::vector<double> p;
  for (const Effects& effect : effects) {
    if ((effect.*metric) && (effect.*metric)->p) p.push_back(*(effect.*metric)->p);
  }
  const std::vector<double> adjusted = holm(p);
  auto next = adjusted.begin();
  for (Effects& effect : effects) {
    if ((effect.*metric) && (effect.*metric)->p) (effect.*metric)->p = *next++;
  }
}

void refuse_if_strict(const Comparison& comparison) {
  Strings reasons;
  for (const Note& note : comparison.notes) {
    if (note.blocking) reasons.push_back(note.text);
  }
  if (!reasons.empty()) throw Error(ExitCode::kGate, "not comparable (--strict): " + join(reasons, "; "));
}

void summarize_groups(const Store& store, Selection selection, bool allow_none, Comparison& comparison) {
  std::size_t unfinished = 0;
  std::size_t repeats = 0;
  for (RunGroup& group : selection.groups) {
    unfinished += group.unfinished;
    repeats += group.repeats;
    if (group.runs.empty()) continue;
    comparison.groups.push_back(summarize_group(std::move(group)));
    comparison.groups.back().accuracy_curve = accuracy_curve(store, comparison.groups.back().group);
  }
  if (comparison.groups.empty() && !allow_none) {
    throw UsageError("nothing to compare in '" + store.path().string() + "': no finished run among " +
                     std::to_string(selection.runs.size()));
  }
  comparison.runs = std::move(selection.runs);
  if (!comparison.groups.empty()) comparison.notes = comparability(store, comparison.groups);
  if (unfinished > 0) comparison.notes.push_back({std::to_string(unfinished) + " unfinished run(s) left out"});
  if (repeats > 0) {
    comparison.notes.push_back({std::to_string(repeats) + " older repeat(s) of a seed left out: no new evidence"});
  }
}

/// Of the selected real runs; the virtual runs that predict them need not be selected.
std::vector<PredictedRun> predictions_of(const Store& store, const std::vector<RunRecord>& selected) {
  const bool real = std::ranges::any_of(selected, [](const RunRecord& run) { return run.fabric != "virtual"; });
  if (!real) return {};
  std::vector<PredictedRun> found = predicted_runs(store.runs());
  std::erase_if(found, [&](const PredictedRun& run) {
    return std::ranges::find(selected, run.measured.run, &RunRecord::run) == selected.end();
  });
  return found;
}

/// 98 % of the second best strategy's best mean accuracy, in whole percents: so that two at least can race.
std::optional<double> suggested_target(const std::vector<GroupSummary>& groups) {
  if (groups.size() > kMostForTarget) return std::nullopt;
  std::map<std::string, double> best;
  for (const GroupSummary& group : groups) {
    double& own = best[group.group.runs.front().strategy];
    if (group.accuracy.n > 0 && group.accuracy.mean > own) own = group.accuracy.mean;
  }
  std::vector<double> sorted;
  for (const auto& [strategy, accuracy] : best) sorted.push_back(accuracy);
  std::ranges::sort(sorted, std::greater<>());
  if (sorted.empty()) return std::nullopt;
  const double target = std::floor(sorted[std::min<std::size_t>(1, sorted.size() - 1)] * kNearlyBest * 100.0) / 100.0;
  return target > 0.0 ? std::optional(target) : std::nullopt;
}

}  // namespace

Comparison compare(const Store& store, const CompareRequest& request) {
  if (request.target && !(*request.target > 0.0 && *request.target <= 1.0)) {
    throw UsageError("target accuracy is " + shortest(*request.target) + "; it must be in (0, 1], e.g. 0.85");
  }
  Comparison comparison;
  summarize_groups(store, select(store, request.words), request.allow_unfinished, comparison);
  comparison.predictions = predictions_of(store, comparison.runs);
  comparison.target = request.target || !request.suggest_target ? request.target : suggested_target(comparison.groups);
  std::vector<RunGroup> groups;
  for (const GroupSummary& summary : comparison.groups) groups.push_back(summary.group);
  if (!request.baseline.empty()) comparison.baseline = find_group(groups, request.baseline);
  for (std::size_t place = 0; place < comparison.groups.size(); ++place) {
    if (comparison.target) {
      comparison.groups[place].target = summarize_target(store, groups[place], *comparison.target);
    }
    if (place == comparison.baseline) continue;
    Effects& effects = comparison.effects.emplace_back(effects_of(comparison.groups, place, comparison.baseline));
    if (comparison.target) {
      effects.target_seconds = target_ratio(store, groups[place], groups[comparison.baseline], *comparison.target);
    }
  }
  adjust(comparison.effects, &Effects::accuracy);
  adjust(comparison.effects, &Effects::seconds);
  adjust(comparison.effects, &Effects::communication_s);
  adjust(comparison.effects, &Effects::wire_bytes);
  adjust(comparison.effects, &Effects::target_seconds);
  adjust(comparison.effects, &Effects::speed_up);
  adjust(comparison.effects, &Effects::efficiency);
  if (request.strict) refuse_if_strict(comparison);
  return comparison;
}

}  // namespace sac
