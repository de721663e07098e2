#include "results/svg.h"

#include <array>
#include <cmath>

#include "results/format.h"
#include "results/plot.h"

namespace sac {
namespace {

constexpr int kTicks = 5;
constexpr double kGlyphWidth = 8.5;  ///< of a tick's digit, at most

/// Corners of a marker, in units of its half extent; none = a circle.
const std::vector<std::array<double, 2>>& corners(std::size_t style) {
  static const std::array<std::vector<std::array<double, 2>>, kPlotStyles> kCorners = {{
      {},
      {{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}},
      {{0, -1.15}, {1.1, 0.85}, {-1.1, 0.85}},
      {{0, -1.25}, {1.25, 0}, {0, 1.25}, {-1.25, 0}},
      {{0, 1.15}, {1.1, -0.85}, {-1.1, -0.85}},
      {{-0.4, -1.2},
       {0.4, -1.2},
       {0.4, -0.4},
       {1.2, -0.4},
       {1.2, 0.4},
       {0.4, 0.4},
       {0.4, 1.2},
       {-0.4, 1.2},
       {-0.4, 0.4},
       {-1.2, 0.4},
       {-1.2, -0.4},
       {-0.4, -0.4}},
      {{0, -1.2}, {1.14, -0.37}, {0.7, 0.97}, {-0.7, 0.97}, {-1.14, -0.37}},
      {{-1.3, -0.6}, {1.3, -0.6}, {1.3, 0.6}, {-1.3, 0.6}},
  }};
  return kCorners[style % kPlotStyles];
}

/// The ticks whose texts do not touch along the x axis.
std::vector<Tick> spaced(const std::vector<Tick>& ticks, const Scale& scale) {
  std::vector<Tick> kept;
  double free_from = -INFINITY;
  for (const Tick& tick : ticks) {
    const double half = kGlyphWidth * static_cast<double>(display_width(tick.text)) / 2.0;
    if (scale(tick.value) - half < free_from) continue;
    kept.push_back(tick);
    free_from = scale(tick.value) + half + 10.0;
  }
  return kept;
}

std::string x_axis(const Frame& frame, const Scale& x, const std::string& label) {
  std::string svg;
  for (const Tick& tick : spaced(x.ticks(kTicks), x)) {
    svg += svg_line(x(tick.value), frame.top, x(tick.value), frame.bottom, "grid");
    svg += svg_text(x(tick.value), frame.bottom + 20, "middle", "tick", tick.text);
  }
  const std::string scale_note = x.is_log() ? ", log scale" : "";
  return svg + svg_text((frame.left + frame.right) / 2, frame.bottom + 44, "middle", "axis", label + scale_note);
}

}  // namespace

std::string html_escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      case '\'': safe += "&#39;"; break;
      default: safe += c;
    }
  }
  return safe;
}

std::string coordinate(double value) {
  std::string text = fixed(value, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string svg_text(double x, double y, const std::string& anchor, const std::string& css,
                     const std::string& content) {
  return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" text-anchor=\"" + anchor + "\" class=\"" + css +
         "\">" + html_escaped(content) + "</text>";
}

std::string svg_line(double x1, double y1, double x2, double y2, const std::string& css) {
  return "<path class=\"" + css + "\" d=\"M" + coordinate(x1) + " " + coordinate(y1) + "L" + coordinate(x2) + " " +
         coordinate(y2) + "\"/>";
}

std::string svg_open(double height, const std::string& title) {
  return "<svg viewBox=\"0 0 " + coordinate(kPlotWidth) + " " + coordinate(height) + "\" role=\"img\" aria-label=\"" +
         html_escaped(title) + "\">";
}

std::string svg_marker(std::size_t style, double x, double y, double size, const std::string& css) {
  const auto& outline = corners(style);
  if (outline.empty()) {
    return "<circle class=\"" + css + "\" cx=\"" + coordinate(x) + "\" cy=\"" + coordinate(y) + "\" r=\"" +
           coordinate(size) + "\"/>";
  }
  std::string path;
  for (const auto& [dx, dy] : outline) {
    path += (path.empty() ? "M" : "L") + coordinate(x + size * dx) + " " + coordinate(y + size * dy);
  }
  return "<path class=\"" + css + "\" d=\"" + path + "Z\"/>";
}

std::string dash_of(std::size_t style) {
  static const std::array<const char*, kPlotStyles> kDashes = {"",    "7 3",  "2 3",     "9 3 2 3",
                                                               "5 2", "12 4", "3 2 3 6", "1 2"};
  return kDashes[style % kPlotStyles];
}

std::string series_class(std::size_t style) {
  return "s s" + std::to_string(style) + " k" + std::to_string(style % kPlotStyles);
}

std::string svg_axes(const Frame& frame, const Scale& x, const Scale& y, const std::string& x_label,
                     const std::string& y_label) {
  std::string svg = x_axis(frame, x, x_label);
  for (const Tick& tick : y.ticks(kTicks)) {
    svg += svg_line(frame.left, y(tick.value), frame.right, y(tick.value), "grid");
    svg += svg_text(frame.left - 8, y(tick.value) + 4.5, "end", "tick", tick.text);
  }
  const std::string scale_note = y.is_log() ? ", log scale" : "";
  const double middle = (frame.top + frame.bottom) / 2;
  svg += "<g transform=\"translate(15 " + coordinate(middle) + ") rotate(-90)\">" +
         svg_text(0, 0, "middle", "axis", y_label + scale_note) + "</g>";
  return svg + svg_line(frame.left, frame.bottom, frame.right, frame.bottom, "base");
}

std::string svg_bar_axis(const Frame& frame, const Scale& x, const std::string& x_label) {
  return x_axis(frame, x, x_label) + svg_line(frame.left, frame.top, frame.left, frame.bottom, "base");
}

std::string legend_key(std::size_t style) {
  return "<svg class=\"key k" + std::to_string(style % kPlotStyles) +
         "\" viewBox=\"0 0 34 14\" aria-hidden=\"true\"><path class=\"line\" stroke-dasharray=\"" + dash_of(style) +
         "\" d=\"M1 7L33 7\"/>" + svg_marker(style, 17, 7, 4, "mark") + "</svg>";
}

}  // namespace sac
