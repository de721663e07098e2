#include <algorithm>

#include "engine/core/error.h"
#include "results/charts.h"
#include "results/plot.h"
#include "results/svg.h"

namespace sac {
namespace {

constexpr double kGap = 28.0;
constexpr double kHead = 34.0;  ///< a panel's title
constexpr double kLine = 22.0;  ///< of a legend

/// Plain rules without variables, which every drawing program reads. Colours of Okabe and Ito (2008).
constexpr const char* kStyle =
    "text{font:15.5px Helvetica,Arial,sans-serif;fill:#5b6470}.title{font-weight:bold;fill:#1b1f24}"
    ".name,.label{fill:#1b1f24}.grid{stroke:#eceef1;fill:none}.base{stroke:#9aa1aa;fill:none}"
    ".line,.front{stroke-width:2;fill:none}.front{stroke:#5b6470;stroke-width:1.4;stroke-dasharray:3 3}"
    ".band{fill-opacity:.14;stroke:none}.mark{stroke:#fff}.faint .mark{fill-opacity:.5}.bar{fill-opacity:.85}"
    ".whisker{stroke:#1b1f24;fill:none}.t{stroke:#fff}.cell{fill-opacity:.9}.faint-cell{fill-opacity:.32}"
    ".t0{fill:#8593a6}.t1{fill:#d55e00}.t2{fill:#eeb24a}.t3{fill:#dfe3e8}";

constexpr const char* kColors[kPlotStyles] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                              "#e69f00", "#56b4e9", "#8a7d00", "#4d4d4d"};

std::string style() {
  std::string css = kStyle;
  for (std::size_t place = 0; place < kPlotStyles; ++place) {
    const std::string own = ".k" + std::to_string(place) + " ";
    const std::string color = kColors[place];
    css += own + ".line{stroke:" + color + "}" + own + ".mark," + own + ".band," + own + ".bar," + own +
           ".cell{fill:" + color + "}";
  }
  return "<style>" + css + "</style>";
}

/// Columns of panels that grow downwards.
class Sheet {
 public:
  /// @param svg  a chart as the page has it.
  void add(const std::string& title, const std::string& svg, const std::vector<std::string>& parts = {}) {
    if (svg.empty()) return;
    double& top = heights_[0] <= heights_[1] ? heights_[0] : heights_[1];
    const double left = &top == heights_ ? 0.0 : kPlotWidth + kGap;
    content_ += svg_text(left + 4, top + 22, "start", "title", title);
    top += kHead;
    if (!parts.empty()) {
      add_parts(left, top, parts);
      top += kLine;
    }
    content_ += placed(svg, left, top);
    top += height_of(svg) + kGap;
  }

  void add_legend(const ReportData& data) {
    const std::size_t shown = std::min(kChartGroups, data.comparison.groups.size());
    for (std::size_t place = 0; place < shown; ++place) {
      const double left = (place % 2) * (kPlotWidth + kGap);
      const double y = kLine * (static_cast<double>(place / 2) + 0.7);
      content_ += "<g class=\"" + series_class(place) + "\"><path class=\"line\" stroke-dasharray=\"" + dash_of(place) +
                  "\" d=\"M" + coordinate(left + 4) + " " + coordinate(y) + "h34\"/>" +
                  svg_marker(place, left + 21, y, 4, "mark") + "</g>" +
                  svg_text(left + 48, y + 5, "start", "label", data.comparison.groups[place].group.label);
    }
    for (double& height : heights_) height = kLine * static_cast<double>((shown + 1) / 2) + kGap / 2;
  }

  [[nodiscard]] std::string svg(const std::string& title) const {
    const double width = 2 * kPlotWidth + kGap;
    const std::string height = coordinate(std::max(heights_[0], heights_[1]));
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + coordinate(width) + "\" height=\"" + height +
           "\" viewBox=\"0 0 " + coordinate(width) + " " + height + "\">\n<title>" + html_escaped(title) +
           "</title>\n" + style() + "\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" + content_ + "</svg>\n";
  }

 private:
  static double height_of(const std::string& svg) {
    const std::string mark = "viewBox=\"0 0 " + coordinate(kPlotWidth) + " ";
    return std::stod(svg.substr(svg.find(mark) + mark.size(), 12));
  }

  static std::string placed(const std::string& svg, double left, double top) {
    return "<svg x=\"" + coordinate(left) + "\" y=\"" + coordinate(top) + "\" width=\"" + coordinate(kPlotWidth) +
           "\" height=\"" + coordinate(height_of(svg)) + "\" overflow=\"visible\"" + svg.substr(4) + "\n";
  }

  void add_parts(double left, double top, const std::vector<std::string>& parts) {
    for (std::size_t part = 0; part < parts.size(); ++part) {
      const double x = left + 4 + 130.0 * static_cast<double>(part);
      content_ += "<rect class=\"t" + std::to_string(part) + "\" x=\"" + coordinate(x) + "\" y=\"" + coordinate(top) +
                  "\" width=\"12\" height=\"12\"/>" + svg_text(x + 17, top + 11, "start", "label", parts[part]);
    }
  }

  std::string content_;
  double heights_[2] = {0.0, 0.0};
};

}  // namespace

/// The charts of the page as one drawing, in light colours.
std::string render_svg(const Store& /*store*/, const ReportData& data) {
  if (data.comparison.groups.empty()) throw UsageError("nothing to draw: no finished run among those selected");
  Sheet sheet;
  sheet.add_legend(data);
  for (const CurveChart& chart : curve_charts(data)) sheet.add(chart.title + ", by time", chart.svgs[1]);
  for (const Chart& chart : {accuracy_time_chart(data), accuracy_bytes_chart(data), time_split_chart(data),
                             bytes_chart(data), staleness_chart(data)}) {
    sheet.add(chart.title, chart.svg, chart.parts);
  }
  return sheet.svg(data.title);
}

}  // namespace sac
