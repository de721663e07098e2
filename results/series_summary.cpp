#include "results/series_summary.h"

#include <algorithm>
#include <cmath>

namespace sac {
namespace {

SeriesSummary summary_of(const std::string& series, const std::vector<MetricPoint>& points) {
  SeriesSummary summary{.series = series, .least = INFINITY, .most = -INFINITY};
  double sum = 0.0;
  for (const MetricPoint& point : points) {
    if (!std::isfinite(point.value)) continue;
    ++summary.points;
    sum += point.value;
    summary.least = std::min(summary.least, point.value);
    summary.most = std::max(summary.most, point.value);
    summary.last = point.value;
  }
  if (summary.points > 0) summary.mean = sum / static_cast<double>(summary.points);
  return summary;
}

}  // namespace

std::vector<SeriesSummary> series_summaries(const Store& store, std::int64_t run) {
  std::vector<SeriesSummary> summaries;
  for (const std::string& series : store.series(run)) {
    const SeriesSummary summary = summary_of(series, store.points(run, series));
    if (summary.points > 0) summaries.push_back(summary);
  }
  return summaries;
}

}  // namespace sac
