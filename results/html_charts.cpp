#include <algorithm>
#include <array>

#include "engine/core/value.h"
#include "results/charts.h"
#include "results/format.h"
#include "results/html_sections.h"
#include "results/plot.h"

namespace sac {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 3> kAxes = {
    {{"step", "Steps"}, {"time", "Time"}, {"bytes", "Bytes"}}};

std::string legend(const ReportData& data) {
  std::string html = "<div class=\"legend\">";
  for (std::size_t place = 0; place < std::min(kChartGroups, data.comparison.groups.size()); ++place) {
    html += "<button class=\"toggle\" type=\"button\" aria-pressed=\"true\" data-series=\"" + std::to_string(place) +
            "\">" + legend_key(place) + html_escaped(data.comparison.groups[place].group.label) + "</button>";
  }
  return html + "</div>";
}

std::string controls(const ReportData& data) {
  std::string inputs;
  std::string labels;
  for (const auto& [id, text] : kAxes) {
    const std::string name = std::string("x-") + id;
    inputs += "<input class=\"axis-choice\" type=\"radio\" name=\"x\" id=\"" + name + "\"" +
              (name == "x-step" ? " checked" : "") + ">";
    labels += "<label for=\"" + name + "\">" + text + "</label>";
  }
  return inputs + "<div class=\"bar-controls\"><span class=\"segments\">" + labels + "</span>" + legend(data) +
         "</div>";
}

std::string swatches(const std::vector<std::string>& names, const std::string& css) {
  if (names.empty()) return "";
  std::string html = "<div class=\"parts\">";
  for (std::size_t place = 0; place < names.size(); ++place) {
    html += "<span><i class=\"" + css + std::to_string(place % kPlotStyles) + " sw\"></i>" +
            html_escaped(names[place]) + "</span>";
  }
  return html + "</div>";
}

std::string caption(const std::string& title, const std::string& hint) {
  return "<figcaption>" + html_escaped(title) + "<span>" + html_escaped(hint) + "</span></figcaption>";
}

std::string figure(const Chart& chart) {
  if (chart.svg.empty()) return "";
  return "<figure>" + caption(chart.title, chart.hint) + swatches(chart.parts, "t") + swatches(chart.styles, "k") +
         chart.svg + "</figure>";
}

std::string curve_figure(const CurveChart& chart) {
  std::string html = "<figure>" + caption(chart.title, chart.hint);
  for (std::size_t axis = 0; axis < kAxes.size(); ++axis) {
    html += std::string("<div class=\"by-") + kAxes[axis].first + "\">" + chart.svgs[axis] + "</div>";
  }
  return html + "</figure>";
}

/// @param charts  those without a drawing are left out; a legend stands above those whose series are the groups.
std::string section(const ReportData& data, const std::string& title, const std::string& hint,
                    const std::vector<Chart>& charts) {
  std::string figures;
  bool of_groups = false;
  for (const Chart& chart : charts) {
    figures += figure(chart);
    of_groups = of_groups || (chart.of_groups && !chart.svg.empty());
  }
  if (figures.empty()) return "";
  return "<section><h2>" + title + "</h2>" + (hint.empty() ? "" : "<p class=\"hint\">" + html_escaped(hint) + "</p>") +
         (of_groups ? "<div class=\"bar-controls\">" + legend(data) + "</div>" : "") + "<div class=\"grid\">" +
         figures + "</div></section>";
}

}  // namespace

std::string curves_section(const ReportData& data) {
  if (data.curves.empty()) return "";
  std::string figures;
  for (const CurveChart& chart : curve_charts(data)) figures += curve_figure(chart);
  return "<section><h2>Learning curves</h2>" + controls(data) + "<div class=\"grid\">" + figures + "</div></section>";
}

std::string costs_section(const ReportData& data) {
  if (data.comparison.groups.empty()) return "";
  std::string hint;
  if (data.comparison.groups.size() > kChartGroups) {
    hint = "Charts show the first " + std::to_string(kChartGroups) + " of " +
           std::to_string(data.comparison.groups.size()) + " groups; the tables show all.";
  }
  return section(data, "What it costs", hint,
                 {accuracy_time_chart(data), accuracy_bytes_chart(data), time_split_chart(data), bytes_chart(data)});
}

std::string map_section(const ReportData& data) { return section(data, "Who wins where", "", {winner_chart(data)}); }

std::string time_section(const ReportData& data) {
  std::vector<Chart> charts = timeline_charts(data);
  const bool any = !charts.empty();
  charts.push_back(staleness_chart(data));
  return section(data, "Step by step", any ? "The first steps of one run of each strategy, on one time scale." : "",
                 charts);
}

}  // namespace sac
