#pragma once
#include <string>

#include "results/charts.h"

namespace sac {

/// Parts of the HTML report, each a complete <section>; "" where there is nothing to show.

std::string glance_section(const ReportData& data);       ///< tiles, findings, notes, summary table
std::string curves_section(const ReportData& data);       ///< accuracy and loss against step, time and bytes
std::string costs_section(const ReportData& data);        ///< time split, bytes, accuracy against both
std::string map_section(const ReportData& data);          ///< who wins where, over two swept keys
std::string time_section(const ReportData& data);         ///< timelines, staleness
std::string effects_section(const ReportData& data);      ///< intervals and p-values against the baseline
std::string predictions_section(const ReportData& data);  ///< real runs against virtual runs of their specs
std::string runs_section(const ReportData& data);         ///< every run
std::string origin_section(const ReportData& data);       ///< specs and provenance

/// A table cell with its sort value; NaN sorts last.
std::string html_cell(const std::string& text, double sort_value);
std::string html_cell(const std::string& text);
/// A header row; names of columns of words are set to the left, those of numbers to the right.
std::string html_header(const std::vector<std::string>& names);

}  // namespace sac
