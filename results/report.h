#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

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

/// How late the updates of one group's servers were.
struct StalenessShares {
  std::size_t group = 0;                    ///< place in `Comparison::groups`
  std::map<std::int64_t, double> shares{};  ///< staleness -> share of the updates of all its runs; they add up to 1
};

/// Everything a report shows.
struct ReportData {
  std::string title;
  std::string created;   ///< ISO 8601, UTC
  std::string database;  ///< file name
  Comparison comparison;
  std::vector<Curve> curves;               ///< accuracy, loss, drift, period, ... of the groups that have them
  std::vector<StalenessShares> staleness;  ///< of the groups that have servers
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
  std::string (*render)(const Store& store, const ReportData& data);
  std::size_t curve_groups = 0;  ///< it shows the curves of that many groups, the first ones
};

std::string render_html(const Store& store, const ReportData& data);
std::string render_markdown(const Store& store, const ReportData& data);
std::string render_csv(const Store& store, const ReportData& data);
std::string render_long_csv(const Store& store, const ReportData& data);
std::string render_json(const Store& store, const ReportData& data);
std::string render_latex(const Store& store, const ReportData& data);
std::string render_vega(const Store& store, const ReportData& data);

const std::vector<ReportFormat>& report_formats();
/// "html, md, csv": their names.
std::string report_format_names();
/// @throws UsageError  unknown, with the choices.
const ReportFormat& report_format(const std::string& name);
/// The format that the extension of `path` names.  @throws UsageError  none, with the choices.
const ReportFormat& report_format_of(const std::filesystem::path& path);

}  // namespace sac
