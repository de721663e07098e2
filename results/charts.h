#pragma once
#include <array>
#include <string>
#include <vector>

#include "results/report.h"

namespace sac {

/// A drawing of a report with what a reader needs to understand it.
struct Chart {
  std::string title;
  std::string hint;                   ///< how to read it
  std::string svg;                    ///< "" = there is nothing to show
  std::vector<std::string> parts{};   ///< names of its parts, colours t0, t1, ...
  std::vector<std::string> styles{};  ///< names of its styles k0, k1, ... where these are not the groups'
  bool of_groups = false;             ///< its series are the groups, told apart by their legend
};

/// The curves of one series against steps, time and bytes.
struct CurveChart {
  std::string title;
  std::string hint;
  std::array<std::string, 3> svgs;  ///< by step, time, bytes
};
std::vector<CurveChart> curve_charts(const ReportData& data);

Chart time_split_chart(const ReportData& data);
Chart bytes_chart(const ReportData& data);
Chart accuracy_time_chart(const ReportData& data);   ///< with the Pareto front
Chart accuracy_bytes_chart(const ReportData& data);  ///< with the Pareto front
Chart staleness_chart(const ReportData& data);
Chart winner_chart(const ReportData& data);
/// One run of each of the first groups on one time scale; those that have a timeline.
std::vector<Chart> timeline_charts(const ReportData& data);

/// How many groups the charts show: their styles must stay apart.
inline constexpr std::size_t kChartGroups = 12;

}  // namespace sac
