#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/statistics.h"

namespace sac {

/// A factor and the unit it leads to: a value in seconds or bytes times `factor` is in `unit`.
struct Unit {
  double factor = 1.0;
  std::string name;
};

/// Decimal multiples that keep `largest` at 1 or above: B kB MB GB TB, and us ms s.
Unit byte_unit(double largest);
Unit time_unit(double largest);

/// `value` with `digits` decimals; "nan", "inf", "-inf" as they are; never "-0.0".
std::string fixed(double value, int digits);
/// About `digits` significant digits, without exponent where a reader would not write one: "412", "0.0371", "1.2e-07".
std::string significant(double value, int digits);
/// `fixed` or `significant` with a leading + where positive.
std::string with_sign(const std::string& number);

/// "87.06 ± 0.21"; "87.06" without an interval, "87.06 ± 0" when all values are equal, "-" without values.
/// @param scale  multiplies everything. @param largest  of the column's means: it gets four significant digits, the
/// others its decimals, and more where they or their half-widths would vanish; 0 = this mean is alone.
std::string mean_text(const Summary& summary, double scale = 1.0, double largest = 0.0);

/// "▁▃▆█": values as bars between `low` and `high`; a space for what is not finite.
std::string sparkline(const std::vector<double>& values, double low, double high);

/// "85 %", "86.75 %"
std::string percent(double share);

/// "1,234,567"
std::string grouped(std::int64_t number);

/// Columns a terminal needs for UTF-8 `text`, wide characters counted as one.
std::size_t display_width(std::string_view text);
/// Control characters and line breaks as spaces, so that a name cannot drive the terminal.
std::string printable(std::string_view text);

}  // namespace sac
