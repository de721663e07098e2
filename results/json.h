#pragma once
#include <nlohmann/json.hpp>

#include "results/compare.h"
#include "results/run_record.h"
#include "results/store.h"

namespace sac {

/// Keys keep the order in which they were set.
using Json = nlohmann::ordered_json;

/// A number; "nan", "inf" and "-inf" as strings, because JSON has no such numbers.
Json json_number(double value);
/// null for nothing.
Json json_number(const std::optional<double>& value);

/// The columns of `v_runs` with their names.
Json json_run(const RunRecord& run);
/// A run with its provenance, worker totals and staleness histogram.
Json json_run_in_full(const Store& store, const RunRecord& run);
/// Every series of a run in a few numbers.
Json json_series(const Store& store, const RunRecord& run);
/// {"time_s": {"predicted": 1.2, "measured": 1.1, "ratio": 1.09}, ...}
Json json_quantities(const std::vector<PredictedQuantity>& quantities);
Json json_comparison(const Comparison& comparison);

/// Indented text; bytes that are not UTF-8 become U+FFFD.
std::string json_text(const Json& json);

}  // namespace sac
