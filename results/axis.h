#pragma once
#include <string>
#include <vector>

namespace sac {

/// A labelled place on an axis, in data units.
struct Tick {
  double value = 0.0;
  std::string text;
};

/// Maps data to pixels, linear or logarithmic, over a range widened to hold everything with a margin.
class Scale {
 public:
  struct Pixels {
    double from = 0.0;
    double to = 0.0;
  };

  /// @param values  what must be seen, finite; a log scale looks at the positive ones only.
  /// @param from_zero  linear only: the axis starts at 0, as bars must.
  static Scale fit(const std::vector<double>& values, Pixels pixels, bool log, bool from_zero);

  [[nodiscard]] double operator()(double value) const;
  /// True where the value can be drawn: finite, and positive on a log scale.
  [[nodiscard]] bool shows(double value) const;
  /// The value, moved to the nearest end of the range when outside.
  [[nodiscard]] double clamped(double value) const;
  /// True where the value lies in the range.
  [[nodiscard]] bool holds(double value) const { return shows(value) && value >= low_ && value <= high_; }
  /// About `count` round places inside the range: 1, 2 or 5 times a power of ten; powers of ten (then 2 and 5) on a log
  /// scale.
  [[nodiscard]] std::vector<Tick> ticks(int count) const;
  [[nodiscard]] bool is_log() const { return log_; }

 private:
  Scale(double low, double high, Pixels pixels, bool log) : low_(low), high_(high), pixels_(pixels), log_(log) {}
  [[nodiscard]] std::vector<Tick> linear_ticks(int count) const;
  [[nodiscard]] std::vector<Tick> log_ticks(int count) const;

  double low_;
  double high_;
  Pixels pixels_;
  bool log_;
};

/// Whether curves that end at `ends` are better told apart on a logarithmic axis: their ends differ more than tenfold.
bool wants_log(const std::vector<double>& ends);

}  // namespace sac
