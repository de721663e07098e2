#include "results/axis.h"

#include <algorithm>
#include <cmath>

#include "results/format.h"

namespace sac {
namespace {

constexpr double kMargin = 0.04;  ///< of the range, on both sides

/// The smallest of 1, 2, 5 times a power of ten that is at least `step`.
double round_step(double step) {
  const double power = std::pow(10.0, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= step * (1.0 - 1e-9)) return factor * power;
  }
  return 10.0 * power;
}

}  // namespace

Scale Scale::fit(const std::vector<double>& values, Pixels pixels, bool log, bool from_zero) {
  double low = INFINITY;
  double high = -INFINITY;
  for (const double value : values) {
    if (!std::isfinite(value) || (log && value <= 0.0)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) low = high = 1.0;
  if (log) {
    const double margin = std::pow(high / low, kMargin) * (high == low ? 2.0 : 1.0);
    return {low / margin, high * margin, pixels, true};
  }
  if (from_zero) return {0.0, high > 0.0 ? high * (1.0 + kMargin) : 1.0, pixels, false};
  const double margin = high > low ? kMargin * (high - low) : std::max(std::abs(high) * kMargin, 1e-9);
  const bool touches_zero = low >= 0.0 && low <= margin;
  return {touches_zero ? 0.0 : low - margin, high + margin, pixels, false};
}

double Scale::operator()(double value) const {
  const double share = log_ ? std::log(value / low_) / std::log(high_ / low_) : (value - low_) / (high_ - low_);
  return pixels_.from + share * (pixels_.to - pixels_.from);
}

double Scale::clamped(double value) const { return std::clamp(value, low_, high_); }

bool Scale::shows(double value) const { return std::isfinite(value) && (!log_ || value > 0.0); }

std::vector<Tick> Scale::ticks(int count) const { return log_ ? log_ticks(count) : linear_ticks(count); }

std::vector<Tick> Scale::linear_ticks(int count) const {
  const double step = round_step((high_ - low_) / count);
  const int digits = std::clamp(-static_cast<int>(std::floor(std::log10(step) + 1e-9)), 0, 9);
  std::vector<Tick> ticks;
  for (double index = std::ceil(low_ / step - 1e-9); index * step <= high_ * (1.0 + 1e-12); index += 1.0) {
    const double value = index * step;
    const bool large = digits == 0 && std::abs(value) < 1e15;
    ticks.push_back({value, large ? grouped(std::llround(value)) : fixed(value, digits)});
  }
  return ticks;
}

std::vector<Tick> Scale::log_ticks(int count) const {
  const double decades = std::log10(high_ / low_);
  if (decades < 0.7) return linear_ticks(count);
  const std::vector<double> factors = decades < 2.5 ? std::vector<double>{1.0, 2.0, 5.0} : std::vector<double>{1.0};
  const double stride = std::max(1.0, std::ceil(decades / count));
  std::vector<Tick> ticks;
  for (double power = std::floor(std::log10(low_)); power <= std::log10(high_); power += stride) {
    for (const double factor : factors) {
      const double value = factor * std::pow(10.0, power);
      if (value >= low_ && value <= high_) ticks.push_back({value, significant(value, 1)});
    }
  }
  return ticks;
}

bool wants_log(const std::vector<double>& ends) {
  if (ends.empty()) return false;
  const auto [low, high] = std::ranges::minmax(ends);
  return low > 0.0 && high / low > 10.0;
}

}  // namespace sac
