#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "results/statistics.h"

namespace sac {

/// Small SVG charts that take their colours from the page's CSS variables (--c0 ... --c7 by style, --ink, --grid, ...),
/// so that dark mode and series toggles (classes s0, s1, ... by style) need no second drawing. Looks repeat after
/// eight; dashes and markers tell series apart without colour. Drawn 480 wide, scaled by the page.

struct LinePoint {
  double x = 0.0;
  double y = 0.0;
  double low = 0.0;  ///< band around y
  double high = 0.0;
};

struct LineSeries {
  std::string label;
  std::size_t style = 0;
  std::vector<LinePoint> points;  ///< by x
};

/// Lines with bands.
struct LinePlot {
  std::string title;
  std::string x_label;  ///< with unit
  std::string y_label;  ///< with unit
  bool log_x = false;
  bool log_y = false;
  bool cut_start = false;  ///< the y axis fits all but the first sixth of each line, where it is steep
  std::vector<LineSeries> series;
};
std::string line_plot(const LinePlot& plot);

struct Bar {
  std::string label;
  std::size_t style = 0;
  double value = 0.0;
  std::optional<double> half_width;  ///< whisker
  std::string text;                  ///< the value as read
};

/// Horizontal bars from zero, with whiskers.
struct BarPlot {
  std::string title;
  std::string x_label;
  std::vector<Bar> bars;
};
std::string bar_plot(const BarPlot& plot);

struct StackedBar {
  std::string label;
  std::size_t style = 0;
  std::vector<double> parts;  ///< one a part of the plot
  std::string text;           ///< the sum as read
};

/// Horizontal bars made of parts (CSS classes t0, t1, ...).
struct StackedPlot {
  std::string title;
  std::string x_label;
  std::vector<std::string> part_names;
  std::vector<StackedBar> bars;
};
std::string stacked_plot(const StackedPlot& plot);

struct Dot {
  std::string label;
  std::size_t style = 0;
  double x = 0.0;
  double y = 0.0;
  std::optional<double> x_half_width{};
  std::optional<double> y_half_width{};
  bool faint = false;  ///< one run; otherwise a mean
};

/// Marks in a plane: means with whiskers, single runs small and faint.
struct ScatterPlot {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool log_x = false;
  bool front = false;  ///< a step joins the means that no other mean beats in both
  std::vector<Dot> dots;
};
std::string scatter_plot(const ScatterPlot& plot);

/// A worker's row of a timeline.
struct TimelineRow {
  struct Stretch {
    std::size_t part = 0;
    double start = 0.0;
    double end = 0.0;
  };
  std::string label;
  std::vector<Stretch> stretches;
};

/// Rows of stretches (CSS classes t0, t1, ... by part) along one time axis from zero.
struct TimelinePlot {
  std::string title;
  std::string x_label;
  double until = 0.0;  ///< end of the axis
  std::vector<TimelineRow> rows;
};
std::string timeline_plot(const TimelinePlot& plot);

struct GridCell {
  std::optional<std::size_t> style;  ///< nothing = an empty cell
  std::string text;
  std::string tip;
  bool faint = false;
};

/// Coloured cells over two axes of values.
struct GridPlot {
  std::string title;
  std::string x_label;
  std::string y_label;  ///< "" = one row without a label
  std::vector<std::string> xs;
  std::vector<std::string> ys;
  std::vector<std::vector<GridCell>> cells;  ///< [y][x], the first row at the bottom
};
std::string grid_plot(const GridPlot& plot);

/// The sample of a style for legends: a short line with its dash and marker.
std::string legend_key(std::size_t style);

/// Text safe in HTML and SVG, also inside quoted attributes.
std::string html_escaped(const std::string& text);

inline constexpr std::size_t kPlotStyles = 8;

}  // namespace sac
