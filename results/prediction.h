#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "results/run_record.h"

namespace sac {

/// One quantity of a run, predicted and measured, in its unit: seconds (means over workers) or bytes (sums).
struct PredictedQuantity {
  const char* name;  ///< "time", "communication", ...
  bool bytes = false;
  double predicted = 0.0;
  double measured = 0.0;
  /// predicted / measured; NaN where nothing was measured.
  [[nodiscard]] double ratio() const;
};

/// A real run and the virtual run of the same spec.
struct PredictedRun {
  RunRecord measured;
  RunRecord predicted;
};

/// Time, its split and bytes, side by side. Exposed communication and waiting also as a sum: a real rank that stands
/// still cannot always tell which of the two it does.
std::vector<PredictedQuantity> predicted_quantities(const RunRecord& predicted, const RunRecord& measured);

/// Each finished run on a real fabric that has a finished virtual run of the same spec, apart from the fabric and what
/// the simulated network and processors are like. Of several virtual runs: one with the very same [cluster.network] and
/// [cluster.compute], else one from a cluster profile, else any; the newest of those.
std::vector<PredictedRun> predicted_runs(const std::vector<RunRecord>& runs);

/// Keys in which two canonical specs differ, what only concerns a cluster's speed left out.
std::vector<std::string> different_keys(std::string_view one_spec, std::string_view other_spec);

/// Lines of text: a table with a row a quantity.
std::string prediction_text(const std::vector<PredictedQuantity>& quantities, bool color);
/// One table for many runs: time and communication of each.
std::string predictions_text(const std::vector<PredictedRun>& runs, bool color);
/// "1.04"; "-" where nothing was measured.
std::string ratio_text(double ratio);

}  // namespace sac
