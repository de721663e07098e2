#include "results/report.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ctime>
#include <map>

#include "engine/core/error.h"
#include "engine/core/value.h"
#include "results/charts.h"

namespace sac {
namespace {

constexpr std::size_t kCurvePoints = 240;
constexpr std::size_t kTimelines = 6;
constexpr std::array<const char*, 8> kSeries = {"accuracy",      "loss",   "train_loss", "drift",
                                                "replica_drift", "period", "staleness",  "dropped"};

std::string now_utc() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

/// Sums over the seeds at one step.
struct Column {
  double n = 0.0;
  CurvePoint sum{.low = INFINITY, .high = -INFINITY};

  void add(const MetricPoint& point) {
    n += 1.0;
    sum.seconds += point.seconds;
    sum.wire_bytes += static_cast<double>(point.wire_bytes);
    sum.mean += point.value;
    sum.low = std::min(sum.low, point.value);
    sum.high = std::max(sum.high, point.value);
  }

  [[nodiscard]] CurvePoint mean(std::int64_t step) const {
    return {step, sum.seconds / n, sum.wire_bytes / n, sum.mean / n, sum.low, sum.high};
  }
};

/// Every k-th point and the last, at most about kCurvePoints.
std::vector<CurvePoint> thinned(const std::vector<CurvePoint>& points) {
  const std::size_t stride = points.size() / kCurvePoints + 1;
  std::vector<CurvePoint> kept;
  for (std::size_t place = 0; place < points.size(); place += stride) kept.push_back(points[place]);
  if (!points.empty() && kept.back().step != points.back().step) kept.push_back(points.back());
  return kept;
}

Curve curve_of(const Store& store, const RunGroup& group, std::size_t place, const std::string& series) {
  std::map<std::int64_t, Column> columns;
  for (const RunRecord& run : group.runs) {
    for (const MetricPoint& point : store.points(run.run, series)) {
      if (std::isfinite(point.value)) columns[point.step].add(point);
    }
  }
  std::vector<CurvePoint> points;
  points.reserve(columns.size());
  for (const auto& [step, column] : columns) points.push_back(column.mean(step));
  return {series, place, thinned(points)};
}

void add_details(const Store& store, ReportData& data, std::size_t groups) {
  for (std::size_t place = 0; place < std::min({groups, kChartGroups, data.comparison.groups.size()}); ++place) {
    StalenessCurve staleness{.group = place, .updates = {}};
    for (const RunRecord& run : data.comparison.groups[place].group.runs) {
      for (const auto& [steps, updates] : store.staleness(run.run)) staleness.updates[steps] += updates;
    }
    if (!staleness.updates.empty()) data.staleness.push_back(std::move(staleness));
    if (place >= kTimelines) continue;
    const RunRecord& first = data.comparison.groups[place].group.runs.front();
    RunTimeline timeline{.group = place, .run = first.name, .spans = store.timeline(first.run)};
    if (!timeline.spans.empty()) data.timelines.push_back(std::move(timeline));
  }
}

/// Runs of a group differ by the seed alone: its first and its last one tell which series there are.
Strings series_of(const Store& store, const RunGroup& group) {
  Strings names = store.series(group.runs.front().run);
  for (std::string& name : store.series(group.runs.back().run)) names.push_back(std::move(name));
  return names;
}

std::string made_title(const Comparison& comparison) {
  Strings labels;
  for (const GroupSummary& group : comparison.groups) labels.push_back(group.group.label);
  if (labels.empty()) return "Runs";
  if (labels.size() > 4) return std::to_string(labels.size()) + " groups of runs";
  return join(labels, labels.size() == 2 ? " and " : ", ");
}

}  // namespace

ReportData collect_report(const Store& store, CompareRequest request, const std::string& title,
                          std::size_t curve_groups) {
  request.allow_unfinished = true;
  ReportData data;
  data.comparison = compare(store, request);
  if (data.comparison.runs.empty()) throw UsageError("database '" + store.path().string() + "' holds no runs");
  data.title = title.empty() ? made_title(data.comparison) : title;
  data.created = now_utc();
  data.database = store.path().filename().string();
  const std::size_t drawn = std::min(curve_groups, data.comparison.groups.size());
  std::vector<Strings> present;
  for (std::size_t place = 0; place < drawn; ++place) {
    present.push_back(series_of(store, data.comparison.groups[place].group));
  }
  for (const char* series : kSeries) {
    for (std::size_t place = 0; place < drawn; ++place) {
      if (std::ranges::find(present[place], series) == present[place].end()) continue;
      Curve curve = curve_of(store, data.comparison.groups[place].group, place, series);
      if (!curve.points.empty()) data.curves.push_back(std::move(curve));
    }
  }
  add_details(store, data, curve_groups);
  data.provenance = store.provenance(data.comparison.runs.back().run);
  return data;
}

const std::vector<ReportFormat>& report_formats() {
  static const std::vector<ReportFormat> kFormats = {
      {"html", "one self-contained page with charts", render_html, kChartGroups, true},
      {"md", "Markdown tables", render_markdown},
      {"csv", "one line a run", render_csv},
      {"long.csv", "one line a metric point", render_long_csv, 0, false, write_long_csv},
      {"json", "everything, for programs; curves of the first groups", render_json, kChartGroups},
      {"full.json", "the same with the curves of all groups", render_json, SIZE_MAX},
      {"tex", "LaTeX table (booktabs), best means bold", render_latex},
      {"svg", "the charts as one drawing", render_svg, kChartGroups, true},
      {"vl.json", "Vega-Lite charts of the curves", render_vega, kChartGroups},
      {"trace.json", "timeline of one run for Perfetto and chrome://tracing", render_trace},
      {"mlflow.db", "MLflow tracking database", nullptr, 0, false, write_mlflow},
      {"tensorboard", "folder of TensorBoard event files", nullptr, 0, false, write_tensorboard},
  };
  return kFormats;
}

std::string report_format_names() {
  Strings names;
  for (const ReportFormat& format : report_formats()) names.emplace_back(format.name);
  return join(names);
}

const ReportFormat& report_format(const std::string& name) {
  Strings names;
  for (const ReportFormat& format : report_formats()) {
    if (format.name == name) return format;
    names.emplace_back(format.name);
  }
  throw UsageError(unknown_name("report format", name, names));
}

const ReportFormat& report_format_of(const std::filesystem::path& path) {
  const std::string file = path.filename().string();
  const ReportFormat* best = nullptr;
  Strings names;
  for (const ReportFormat& format : report_formats()) {
    const std::string ending = "." + std::string(format.name);
    names.push_back("*" + ending);
    const bool longer = best == nullptr || ending.size() > std::string(best->name).size() + 1;
    if ((file.ends_with(ending) || file == format.name) && longer) best = &format;
  }
  if (best == nullptr) {
    throw UsageError("no report format for '" + path.string() + "'; give --format or a file named " + join(names));
  }
  return *best;
}

}  // namespace sac
