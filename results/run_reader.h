#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/metric_sink.h"
#include "engine/core/span.h"
#include "results/database.h"
#include "results/run_record.h"

namespace sac {

/// Rows of `v_runs` (named v), with NaN as stored. @param where  condition and order, ?1, ?2, ... for `values`.
/// @throws StoreError, as all below.
std::vector<RunRecord> select_runs(Database& database, std::string_view where, const std::vector<std::string>& values);

std::vector<std::string> select_series(Database& database, std::int64_t run);
std::vector<MetricPoint> select_points(Database& database, std::int64_t run, std::string_view series);
std::vector<WorkerTotals> select_workers(Database& database, std::int64_t run);
std::map<std::int64_t, std::int64_t> select_staleness(Database& database, std::int64_t run);
std::vector<Span> select_spans(Database& database, std::int64_t run);
std::vector<std::pair<std::string, std::string>> select_provenance(Database& database, std::int64_t run);

}  // namespace sac
