#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "results/axis.h"

namespace sac {

/// What the charts share: a frame with axes, marks, and text. Lengths in drawing units, 480 wide.
inline constexpr double kPlotWidth = 480.0;

/// The drawing area of a chart with two axes.
struct Frame {
  double left = 66.0;
  double top = 10.0;
  double right = kPlotWidth - 10.0;
  double bottom = 258.0;
};

/// A coordinate with one decimal.
std::string coordinate(double value);
/// `<text class=... >` with escaped content. @param anchor  "start", "middle", "end".
std::string svg_text(double x, double y, const std::string& anchor, const std::string& css, const std::string& content);
std::string svg_line(double x1, double y1, double x2, double y2, const std::string& css);
/// Opens `<svg>` of the given height with the title for screen readers.
std::string svg_open(double height, const std::string& title);
/// The marker of a style, centred at (x, y). @param size  half its extent.
std::string svg_marker(std::size_t style, double x, double y, double size, const std::string& css);
/// stroke-dasharray of a style, "" for a full line.
std::string dash_of(std::size_t style);
/// "s s9 k1": the classes by which a page hides a series and colours its style.
std::string series_class(std::size_t style);

/// Grid lines, tick texts and axis labels.
std::string svg_axes(const Frame& frame, const Scale& x, const Scale& y, const std::string& x_label,
                     const std::string& y_label);
/// The axis under horizontal bars.
std::string svg_bar_axis(const Frame& frame, const Scale& x, const std::string& x_label);

}  // namespace sac
