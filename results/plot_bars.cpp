#include <algorithm>
#include <cmath>

#include "results/format.h"
#include "results/plot.h"
#include "results/svg.h"

namespace sac {
namespace {

constexpr double kRow = 54.0;        ///< height a bar takes with its label above it
constexpr double kThickness = 18.0;  ///< of a bar
constexpr double kLabelBase = 16.0;  ///< baseline of the label, from the row's top
constexpr double kBarTop = 23.0;     ///< from the row's top

Frame bar_frame(std::size_t bars) {
  return {.left = 2.0, .top = 2.0, .right = kPlotWidth - 14.0, .bottom = 6.0 + kRow * static_cast<double>(bars)};
}

double height_of(const Frame& frame) { return frame.bottom + 50.0; }

std::string rectangle(double x, double y, double width, const std::string& css, const std::string& tip) {
  return "<rect class=\"" + css + "\" x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" width=\"" +
         coordinate(std::max(width, 0.0)) + "\" height=\"" + coordinate(kThickness) + "\"><title>" + html_escaped(tip) +
         "</title></rect>";
}

std::string row_texts(const Frame& frame, double top, const std::string& label, const std::string& value) {
  return svg_text(frame.left + 4, top + kLabelBase, "start", "name", label) +
         svg_text(frame.right, top + kLabelBase, "end", "value", value);
}

std::string bar_svg(const Bar& bar, const Frame& frame, double top, const Scale& x) {
  std::string svg = "<g class=\"" + series_class(bar.style) + "\">" + row_texts(frame, top, bar.label, bar.text);
  if (!std::isfinite(bar.value)) return svg + "</g>";
  const double y = top + kBarTop;
  svg += rectangle(frame.left, y, x(bar.value) - frame.left, "bar", bar.label + ": " + bar.text);
  if (bar.half_width && *bar.half_width > 1e-9 * bar.value) {
    const double from = x(std::max(0.0, bar.value - *bar.half_width));
    const double to = x(bar.value + *bar.half_width);
    svg += svg_line(from, y + kThickness / 2, to, y + kThickness / 2, "whisker");
    for (const double end : {from, to}) svg += svg_line(end, y + 4, end, y + kThickness - 4, "whisker");
  }
  return svg + "</g>";
}

std::string stacked_svg(const StackedPlot& plot, const StackedBar& bar, const Frame& frame, double top,
                        const Scale& x) {
  std::string svg = "<g class=\"" + series_class(bar.style) + "\">" + row_texts(frame, top, bar.label, bar.text);
  double from = 0.0;
  for (std::size_t part = 0; part < bar.parts.size(); ++part) {
    const double value = bar.parts[part];
    if (!std::isfinite(value) || value <= 0.0) continue;
    const std::string tip = bar.label + ", " + plot.part_names[part] + ": " + significant(value, 3);
    svg += rectangle(x(from), top + kBarTop, x(from + value) - x(from), "t t" + std::to_string(part), tip);
    from += value;
  }
  return svg + "</g>";
}

double sum_of(const StackedBar& bar) {
  double sum = 0.0;
  for (const double part : bar.parts) sum += std::isfinite(part) ? part : 0.0;
  return sum;
}

}  // namespace

std::string bar_plot(const BarPlot& plot) {
  std::vector<double> ends;
  for (const Bar& bar : plot.bars) ends.push_back(bar.value + bar.half_width.value_or(0.0));
  const Frame frame = bar_frame(plot.bars.size());
  const Scale x = Scale::fit(ends, {frame.left, frame.right}, false, true);
  std::string svg = svg_open(height_of(frame), plot.title) + svg_bar_axis(frame, x, plot.x_label);
  double top = frame.top;
  for (const Bar& bar : plot.bars) {
    svg += bar_svg(bar, frame, top, x);
    top += kRow;
  }
  return svg + "</svg>";
}

std::string stacked_plot(const StackedPlot& plot) {
  std::vector<double> ends;
  for (const StackedBar& bar : plot.bars) ends.push_back(sum_of(bar));
  const Frame frame = bar_frame(plot.bars.size());
  const Scale x = Scale::fit(ends, {frame.left, frame.right}, false, true);
  std::string svg = svg_open(height_of(frame), plot.title) + svg_bar_axis(frame, x, plot.x_label);
  double top = frame.top;
  for (const StackedBar& bar : plot.bars) {
    svg += stacked_svg(plot, bar, frame, top, x);
    top += kRow;
  }
  return svg + "</svg>";
}

}  // namespace sac
