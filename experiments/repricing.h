#pragma once
#include <string>
#include <vector>

#include "engine/core/metric_sink.h"
#include "engine/core/span.h"
#include "experiments/runner.h"
#include "results/store.h"

namespace sac {

/// A finished run as it would have been on another cluster: the same course, at other times.
struct RepricedRun {
  RunContext context;
  RunOutcome outcome;               ///< accuracy, losses and parameters of the run itself
  std::vector<MetricPoint> points;  ///< the run's own values at their new times
  std::vector<Span> timeline;
};

/// Tells what a finished run would have taken on other networks and processors without training again. Sound where the
/// run's course does not depend on time (Traits::deterministic) and when it sends what not on losses or values
/// (Traits::oblivious): it is then rehearsed, exchange by exchange, and its values are put at the rehearsal's times.
class Repricer {
 public:
  /// Rehearses the run on its own cluster first and holds that against what is stored.
  /// @throws UsageError  the run is not FINISHED, not virtual, its course depends on time, or its rehearsal differs.
  Repricer(const Store& store, RunRecord run, RunSettings settings);

  /// @param spec  the run's own with another [cluster.network] or [cluster.compute], see check_repricing.
  [[nodiscard]] RepricedRun at(const RunSpec& spec) const;

  [[nodiscard]] const RunRecord& run() const { return run_; }

 private:
  void check_rehearsal(const RunContext& context, const RunOutcome& outcome) const;

  RunRecord run_;
  RunSettings settings_;
  std::vector<MetricPoint> points_;
};

/// @throws UsageError  `key` changes more than what a run costs; or `run` has measured tables that hide the change.
void check_repricing(const std::string& key, const RunRecord& run);

}  // namespace sac
