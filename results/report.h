#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/core/span.h"
#include "results/compare.h"
#include "results/store.h"

namespace sac {

/// One point of a group's curve: means over the seeds that have it, and the lowest and highest seed's value.
struct CurvePoint {
  std::int64_t step = 0;
  double seconds = 0.0;
  double wire_bytes = 0.0;
  double mean = 0.0;
  double low = 0.0;
  double high = 0.0;
};

/// One series of one group. Points that are not finite are left out.
struct Curve {
  std::string series;
  std::size_t group = 0;  ///< place in `Comparison::groups`
  std::vector<CurvePoint> points;
};

/// How stale the gradients of one group were, over its seeds.
struct StalenessCurve {
  std::size_t group = 0;
  std::map<std::int64_t, std::int64_t> updates;  ///< staleness -> how many
};

/// What the workers of one run did during their first steps.
struct RunTimeline {
  std::size_t group = 0;
  std::string run;  ///< its name
  std::vector<Span> spans;
};

/// Everything a report shows.
struct ReportData {
  std::string title;
  std::string created;   ///< ISO 8601, UTC
  std::string database;  ///< file name
  Comparison comparison;
  std::vector<Curve> curves;              ///< accuracy, loss, drift, period, ... of the groups that have them
  std::vector<StalenessCurve> staleness;  ///< of the groups with curves that have a server
  std::vector<RunTimeline> timelines;     ///< a run of each of the first groups with curves
  std::vector<std::pair<std::string, std::string>> provenance;  ///< of the newest run
};

/// @param title  "" = made from the strategies.  @param curve_groups  curves of that many groups at most.
/// @throws UsageError  as compare(); no runs at all.
ReportData collect_report(const Store& store, CompareRequest request, const std::string& title,
                          std::size_t curve_groups = SIZE_MAX);

/// One way to write a report, in a .cpp of its own.
struct ReportFormat {
  const char* name;  ///< also the file extension
  const char* doc;
  std::string (*render)(const Store& store, const ReportData& data);  ///< nullptr where `write` does it
  std::size_t curve_groups = 0;  ///< it shows the curves of that many groups, the first ones
  bool suggests_target = false;  ///< where none is asked for, see CompareRequest
  /// For what is no text: writes a file or a folder.  @throws UsageError, StoreError  it cannot.
  void (*write)(const Store& store, const ReportData& data, const std::filesystem::path& path) = nullptr;
};

std::string render_html(const Store& store, const ReportData& data);
std::string render_markdown(const Store& store, const ReportData& data);
std::string render_csv(const Store& store, const ReportData& data);
std::string render_long_csv(const Store& store, const ReportData& data);
void write_long_csv(const Store& store, const ReportData& data, const std::filesystem::path& path);
std::string render_json(const Store& store, const ReportData& data);
std::string render_latex(const Store& store, const ReportData& data);
std::string render_vega(const Store& store, const ReportData& data);
std::string render_svg(const Store& store, const ReportData& data);
std::string render_trace(const Store& store, const ReportData& data);
void write_mlflow(const Store& store, const ReportData& data, const std::filesystem::path& path);
void write_tensorboard(const Store& store, const ReportData& data, const std::filesystem::path& folder);

const std::vector<ReportFormat>& report_formats();
/// "html, md, csv": their names.
std::string report_format_names();
/// @throws UsageError  unknown, with the choices.
const ReportFormat& report_format(const std::string& name);
/// The format that the extension of `path` names.  @throws UsageError  none, with the choices.
const ReportFormat& report_format_of(const std::filesystem::path& path);

}  // namespace sac
