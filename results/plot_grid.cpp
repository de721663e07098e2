#include <algorithm>

#include "results/format.h"
#include "results/plot.h"
#include "results/svg.h"

namespace sac {
namespace {

constexpr double kGlyph = 8.2;  ///< width of a letter of a tick, about
constexpr double kCellHeight = 46.0;
constexpr double kRowHeight = 20.0;  ///< of a timeline
constexpr double kBarHeight = 14.0;
constexpr double kUnderAxis = 52.0;

double widest(const std::vector<std::string>& texts) {
  std::size_t columns = 0;
  for (const std::string& text : texts) columns = std::max(columns, display_width(text));
  return kGlyph * static_cast<double>(columns);
}

std::string cell_svg(const GridCell& cell, double x, double y, double width) {
  if (!cell.style) return svg_text(x + width / 2, y + kCellHeight / 2 + 5, "middle", "tick", "–");
  return "<g class=\"k" + std::to_string(*cell.style % kPlotStyles) + "\"><rect class=\"cell" +
         (cell.faint ? " faint-cell" : "") + "\" x=\"" + coordinate(x + 1) + "\" y=\"" + coordinate(y + 1) +
         "\" width=\"" + coordinate(width - 2) + "\" height=\"" + coordinate(kCellHeight - 2) + "\"><title>" +
         html_escaped(cell.tip) + "</title></rect>" +
         svg_text(x + width / 2, y + kCellHeight / 2 + 5, "middle", "value", cell.text) + "</g>";
}

/// The stretches of one part as one path: "Mx yhwvhh-wz" each.
std::string part_svg(const TimelineRow& row, std::size_t part, double top, const Scale& x) {
  std::string path;
  for (const TimelineRow::Stretch& stretch : row.stretches) {
    if (stretch.part != part) continue;
    const std::string width = coordinate(x(stretch.end) - x(stretch.start));
    path += "M" + coordinate(x(stretch.start)) + " " + coordinate(top) + "h" + width + "v" + coordinate(kBarHeight) +
            "h-" + width + "z";
  }
  return path.empty() ? "" : "<path class=\"p t" + std::to_string(part) + "\" d=\"" + path + "\"/>";
}

std::size_t parts_of(const TimelineRow& row) {
  std::size_t parts = 0;
  for (const TimelineRow::Stretch& stretch : row.stretches) parts = std::max(parts, stretch.part + 1);
  return parts;
}

}  // namespace

std::string grid_plot(const GridPlot& plot) {
  const bool rows_named = !plot.y_label.empty();
  Frame frame{.left = rows_named ? 44.0 + widest(plot.ys) : 2.0, .top = 2.0};
  frame.bottom = frame.top + kCellHeight * static_cast<double>(plot.ys.size());
  const double width = (frame.right - frame.left) / static_cast<double>(plot.xs.size());
  std::string svg = svg_open(frame.bottom + kUnderAxis, plot.title);
  const std::size_t every = 1 + static_cast<std::size_t>(widest(plot.xs) / width);  // labels that would touch
  for (std::size_t row = 0; row < plot.ys.size(); ++row) {
    const double y = frame.bottom - kCellHeight * static_cast<double>(row + 1);
    if (rows_named) svg += svg_text(frame.left - 8, y + kCellHeight / 2 + 5, "end", "tick", plot.ys[row]);
    for (std::size_t column = 0; column < plot.xs.size(); ++column) {
      svg += cell_svg(plot.cells[row][column], frame.left + width * static_cast<double>(column), y, width);
    }
  }
  for (std::size_t column = 0; column < plot.xs.size(); column += every) {
    const double x = frame.left + width * (static_cast<double>(column) + 0.5);
    svg += svg_text(x, frame.bottom + 20, "middle", "tick", plot.xs[column]);
  }
  svg += svg_text((frame.left + frame.right) / 2, frame.bottom + 44, "middle", "axis", plot.x_label);
  if (rows_named) {
    svg += "<g transform=\"translate(15 " + coordinate((frame.top + frame.bottom) / 2) + ") rotate(-90)\">" +
           svg_text(0, 0, "middle", "axis", plot.y_label) + "</g>";
  }
  return svg + "</svg>";
}

std::string timeline_plot(const TimelinePlot& plot) {
  std::vector<std::string> labels;
  for (const TimelineRow& row : plot.rows) labels.push_back(row.label);
  Frame frame{.left = 14.0 + widest(labels), .top = 2.0};
  frame.bottom = frame.top + 4.0 + kRowHeight * static_cast<double>(plot.rows.size());
  const Scale x = Scale::fit({plot.until}, {frame.left, frame.right}, false, true);
  std::string svg = svg_open(frame.bottom + kUnderAxis, plot.title) + svg_bar_axis(frame, x, plot.x_label);
  double top = frame.top + 4.0;
  for (const TimelineRow& row : plot.rows) {
    svg += svg_text(frame.left - 8, top + kBarHeight - 2, "end", "tick", row.label);
    for (std::size_t part = 0; part < parts_of(row); ++part) svg += part_svg(row, part, top, x);
    top += kRowHeight;
  }
  return svg + "</svg>";
}

}  // namespace sac
