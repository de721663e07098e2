#include <algorithm>
#include <cmath>
#include <iterator>

#include "results/format.h"
#include "results/plot.h"
#include "results/svg.h"

namespace sac {
namespace {

constexpr double kHeight = 310.0;
constexpr std::size_t kMarkers = 9;      ///< drawn on a line
constexpr std::size_t kTipPoints = 120;  ///< a line's places that answer the pointer
constexpr std::size_t kStartShare = 6;   ///< one in so many points is start
constexpr const char* kNothing = "no finite values";

bool shown(const LinePoint& point, const Scale& x, const Scale& y) { return x.shows(point.x) && y.holds(point.y); }

std::string line_path(const std::vector<LinePoint>& points, const Scale& x, const Scale& y) {
  std::string path;
  for (const LinePoint& point : points) {
    path += (path.empty() ? "M" : "L") + coordinate(x(point.x)) + " " + coordinate(y(point.y));
  }
  return path;
}

std::string band_path(const std::vector<LinePoint>& points, const Scale& x, const Scale& y) {
  std::string path;
  for (const LinePoint& point : points) {
    path += (path.empty() ? "M" : "L") + coordinate(x(point.x)) + " " + coordinate(y(y.clamped(point.high)));
  }
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    path += "L" + coordinate(x(point->x)) + " " + coordinate(y(y.clamped(point->low)));
  }
  return path + "Z";
}

/// "px,py,x text,y text;..." for the page's tooltips.
std::string tips(const std::vector<LinePoint>& points, const Scale& x, const Scale& y) {
  const std::size_t stride = points.size() / kTipPoints + 1;
  std::string text;
  for (std::size_t place = 0; place < points.size(); ++place) {
    if (place % stride != 0 && place + 1 != points.size()) continue;
    const LinePoint& point = points[place];
    text += (text.empty() ? "" : ";") + coordinate(x(point.x)) + "," + coordinate(y(point.y)) + "," +
            significant(point.x, 4) + "," + significant(point.y, 4);
    if (point.high > point.low) text += " (" + significant(point.low, 4) + " to " + significant(point.high, 4) + ")";
  }
  return text;
}

std::string series_svg(const LineSeries& series, const Scale& x, const Scale& y) {
  std::vector<LinePoint> points;
  for (const LinePoint& point : series.points) {
    if (shown(point, x, y)) points.push_back(point);
  }
  if (points.empty()) return "";
  std::string svg = "<g class=\"" + series_class(series.style) + "\" data-label=\"" + html_escaped(series.label) +
                    "\" data-tips=\"" + tips(points, x, y) + "\">";
  svg += "<path class=\"band\" d=\"" + band_path(points, x, y) + "\"/>";
  svg +=
      "<path class=\"line\" stroke-dasharray=\"" + dash_of(series.style) + "\" d=\"" + line_path(points, x, y) + "\"/>";
  const std::size_t stride = points.size() / kMarkers + 1;
  for (std::size_t place = (points.size() - 1) % stride; place < points.size(); place += stride) {
    svg += svg_marker(series.style, x(points[place].x), y(points[place].y), 3.5, "mark");
  }
  return svg + "</g>";
}

std::string whiskers(const Dot& dot, const Scale& x, const Scale& y) {
  std::string svg;
  if (dot.x_half_width && x.shows(dot.x - *dot.x_half_width)) {
    svg += svg_line(x(dot.x - *dot.x_half_width), y(dot.y), x(dot.x + *dot.x_half_width), y(dot.y), "whisker");
  }
  if (dot.y_half_width) {
    svg += svg_line(x(dot.x), y(dot.y - *dot.y_half_width), x(dot.x), y(dot.y + *dot.y_half_width), "whisker");
  }
  return svg;
}

std::string dot_svg(const Dot& dot, const Scale& x, const Scale& y) {
  const LinePoint point{dot.x, dot.y, dot.y, dot.y};
  return "<g class=\"" + series_class(dot.style) + (dot.faint ? " faint" : "") + "\" data-label=\"" +
         html_escaped(dot.label) + "\" data-tips=\"" + tips({point}, x, y) + "\">" + whiskers(dot, x, y) +
         svg_marker(dot.style, x(dot.x), y(dot.y), dot.faint ? 3.0 : 6.0, "mark") + "</g>";
}

/// The means that no other mean beats in both, from left to right.
std::vector<Dot> front_of(const std::vector<Dot>& dots) {
  std::vector<Dot> means;
  std::ranges::copy_if(dots, std::back_inserter(means), [](const Dot& dot) { return !dot.faint; });
  std::ranges::stable_sort(means, [](const Dot& a, const Dot& b) { return a.x != b.x ? a.x < b.x : a.y > b.y; });
  std::vector<Dot> front;
  for (const Dot& dot : means) {
    if (front.empty() || dot.y > front.back().y) front.push_back(dot);
  }
  return front;
}

/// A step from the left of the front to the frame's right: what can be had for at most x.
std::string front_svg(const std::vector<Dot>& front, const Frame& frame, const Scale& x, const Scale& y) {
  std::string path;
  for (const Dot& dot : front) {
    if (!x.shows(dot.x) || !y.shows(dot.y)) continue;
    path += path.empty() ? "M" + coordinate(x(dot.x)) + " " + coordinate(y(dot.y))
                         : "H" + coordinate(x(dot.x)) + "V" + coordinate(y(dot.y));
  }
  return path.empty() ? "" : "<path class=\"front\" d=\"" + path + "H" + coordinate(frame.right) + "\"/>";
}

std::string tip_attributes(const std::string& x_label, const std::string& y_label) {
  return "<g class=\"plane\" data-x=\"" + html_escaped(x_label) + "\" data-y=\"" + html_escaped(y_label) + "\">";
}

}  // namespace

std::string line_plot(const LinePlot& plot) {
  std::vector<double> xs;
  std::vector<double> ys;
  for (const LineSeries& series : plot.series) {
    const std::size_t start = plot.cut_start ? series.points.size() / kStartShare : 0;
    for (std::size_t place = 0; place < series.points.size(); ++place) {
      const LinePoint& point = series.points[place];
      if (place >= start || !plot.log_x) xs.push_back(point.x);
      if (place >= start) ys.insert(ys.end(), {point.y, point.low, point.high});
    }
  }
  const Frame frame;
  const Scale x = Scale::fit(xs, {frame.left, frame.right}, plot.log_x, false);
  const Scale y = Scale::fit(ys, {frame.bottom, frame.top}, plot.log_y, false);
  std::string svg = svg_open(kHeight, plot.title) + svg_axes(frame, x, y, plot.x_label, plot.y_label);
  svg += tip_attributes(plot.x_label, plot.y_label);
  std::string drawn;
  for (const LineSeries& series : plot.series) drawn += series_svg(series, x, y);
  if (drawn.empty()) drawn = svg_text(kPlotWidth / 2, kHeight / 2, "middle", "tick", kNothing);
  return svg + drawn + "</g></svg>";
}

std::string scatter_plot(const ScatterPlot& plot) {
  std::vector<double> xs;
  std::vector<double> ys;
  for (const Dot& dot : plot.dots) {
    for (const double sign : {-1.0, 0.0, 1.0}) {
      xs.push_back(dot.x + sign * dot.x_half_width.value_or(0.0));
      ys.push_back(dot.y + sign * dot.y_half_width.value_or(0.0));
    }
  }
  const Frame frame;
  const Scale x = Scale::fit(xs, {frame.left, frame.right}, plot.log_x, false);
  const Scale y = Scale::fit(ys, {frame.bottom, frame.top}, false, false);
  std::string svg = svg_open(kHeight, plot.title) + svg_axes(frame, x, y, plot.x_label, plot.y_label);
  svg += tip_attributes(plot.x_label, plot.y_label);
  if (plot.front) svg += front_svg(front_of(plot.dots), frame, x, y);
  std::string drawn;
  for (const Dot& dot : plot.dots) {
    if (x.shows(dot.x) && y.shows(dot.y)) drawn += dot_svg(dot, x, y);
  }
  if (drawn.empty()) drawn = svg_text(kPlotWidth / 2, kHeight / 2, "middle", "tick", kNothing);
  return svg + drawn + "</g></svg>";
}

}  // namespace sac
