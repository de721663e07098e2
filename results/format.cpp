#include "results/format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "engine/core/value.h"

namespace sac {
namespace {

/// The last unit of `units` (rising) that is not above `largest`, else the first.
Unit pick(double largest, std::span<const Unit> units) {
  const Unit* best = units.data();
  for (const Unit& unit : units) {
    if (largest * unit.factor >= 1.0) best = &unit;
  }
  return *best;
}

std::string printed(double value, std::chars_format format, int precision) {
  std::array<char, 400> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format, precision);
  return {buffer.data(), result.ptr};
}

/// Decimals that show `value` to `digits` significant digits.
int decimals_for(double value, int digits) {
  if (value == 0.0) return 0;
  return std::clamp(digits - 1 - static_cast<int>(std::floor(std::log10(std::abs(value)))), 0, 12);
}

}  // namespace

Unit byte_unit(double largest) {
  static const std::array<Unit, 5> kUnits = {{{1.0, "B"}, {1e-3, "kB"}, {1e-6, "MB"}, {1e-9, "GB"}, {1e-12, "TB"}}};
  return pick(largest, kUnits);
}

Unit time_unit(double largest) {
  static const std::array<Unit, 3> kUnits = {{{1e6, "us"}, {1e3, "ms"}, {1.0, "s"}}};
  return largest > 0.0 ? pick(largest, kUnits) : kUnits.back();
}

std::string fixed(double value, int digits) {
  if (!std::isfinite(value)) return shortest(value);
  const std::string text = printed(value, std::chars_format::fixed, digits);
  const bool zero = text.find_first_of("123456789") == std::string::npos;
  return zero && text.front() == '-' ? text.substr(1) : text;
}

std::string significant(double value, int digits) {
  if (!std::isfinite(value)) return shortest(value);
  if (value == 0.0) return "0";
  if (std::abs(value) < 1e-4 || std::abs(value) >= 1e9) return printed(value, std::chars_format::general, digits);
  return fixed(value, decimals_for(value, digits));
}

std::string with_sign(const std::string& number) {
  const bool positive = number.front() != '-' && number.find_first_of("123456789i") != std::string::npos;
  return positive ? "+" + number : number;
}

std::string mean_text(const Summary& summary, double scale, double largest) {
  if (summary.n == 0) return "-";
  const double mean = summary.mean * scale;
  const double half = summary.half_width.value_or(0.0) * scale;
  if (!std::isfinite(mean)) return fixed(mean, 0);
  if (std::max(std::abs(mean), half) >= 1e9)
    return significant(mean, 4) + (half > 0.0 ? " ± " + significant(half, 2) : "");
  int digits = decimals_for(std::isfinite(largest) && largest != 0.0 ? largest * scale : mean, 4);
  if (mean != 0.0) digits = std::max(digits, decimals_for(mean, 2));
  const bool spread = half > 1e-9 * std::abs(mean);
  if (spread) digits = std::max(digits, decimals_for(half, 1));
  if (!summary.half_width) return fixed(mean, digits);
  return fixed(mean, digits) + " ± " + (spread ? fixed(half, digits) : "0");
}

std::string sparkline(const std::vector<double>& values, double low, double high) {
  static constexpr std::array<const char*, 8> kBars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string line;
  for (const double value : values) {
    if (!std::isfinite(value)) {
      line += " ";
      continue;
    }
    const double share = high > low ? std::clamp((value - low) / (high - low), 0.0, 1.0) : 1.0;
    line += kBars[static_cast<std::size_t>(std::lround(share * 7.0))];
  }
  return line;
}

std::string percent(double share) {
  std::string text = fixed(share * 100.0, 4);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + " %";
}

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  const std::ptrdiff_t first = number < 0 ? 1 : 0;
  for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > first; place -= 3) {
    text.insert(static_cast<std::size_t>(place), ",");
  }
  return text;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return clean;
}

}  // namespace sac
