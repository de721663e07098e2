#include "datasets/resample.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace sac {
namespace {

/// The source pixels of one pixel of the result along one axis.
struct Taps {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::size_t weights = 0;  ///< where theirs begin
};

/// One axis: a window [begin, begin + length) of `size` pixels brought to `side`.
struct Axis {
  std::vector<Taps> taps;
  std::vector<float> weights;
  std::int64_t first, end;  ///< source pixels that count

  Axis(double begin, double length, std::int64_t size, std::int64_t side)
      : first(std::min(static_cast<std::int64_t>(begin), size - 1)),
        end(std::clamp(static_cast<std::int64_t>(std::ceil(begin + length)), first + 1, size)) {
    const double scale = length / static_cast<double>(side);
    for (std::int64_t i = 0; i < side; ++i) add(begin + (static_cast<double>(i) + 0.5) * scale, std::max(scale, 1.0));
  }

 private:
  /// Pixels nearer than `reach` to the place `at`; always at least one.
  void add(double at, double reach) {
    Taps tap{.first = std::clamp(std::llround(at - reach), static_cast<long long>(first), end - 1LL),
             .weights = weights.size()};
    const std::int64_t last = std::clamp(std::llround(at + reach), tap.first + 1LL, static_cast<long long>(end));
    double sum = 0.0;
    for (std::int64_t j = tap.first; j < last; ++j) {
      const double weight = std::max(1.0 - std::abs(static_cast<double>(j) + 0.5 - at) / reach, 1e-6);
      weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    tap.count = last - tap.first;
    for (std::size_t j = tap.weights; j < weights.size(); ++j) weights[j] /= static_cast<float>(sum);
    taps.push_back(tap);
  }
};

/// row += weight * bytes.
void add_row(float weight, const std::uint8_t* __restrict bytes, std::int64_t count, float* __restrict row) {
  for (std::int64_t i = 0; i < count; ++i) row[i] += weight * static_cast<float>(static_cast<std::int32_t>(bytes[i]));
}

/// One row of the result from a row of columns [columns.first, columns.end), to three planes.
void narrow_row(const float* row, const Axis& columns, std::int64_t plane, std::uint8_t* to) {
  for (const Taps& tap : columns.taps) {
    const float* from = row + 3 * (tap.first - columns.first);
    const float* weights = columns.weights.data() + tap.weights;
    float sums[3] = {0.5F, 0.5F, 0.5F};
    for (std::int64_t j = 0; j < tap.count; ++j, from += 3) {
      for (int c = 0; c < 3; ++c) sums[c] += weights[j] * from[c];
    }
    for (int c = 0; c < 3; ++c) to[c * plane] = static_cast<std::uint8_t>(std::min(sums[c], 255.0F));
    ++to;
  }
}

}  // namespace

void resample(const Picture& picture, std::int64_t side, std::uint8_t* to) {
  const Axis rows(picture.top, picture.window_height, picture.height, side);
  const Axis columns(picture.left, picture.window_width, picture.width, side);
  const std::int64_t count = 3 * (columns.end - columns.first);
  std::vector<float> row(static_cast<std::size_t>(count));
  for (const Taps& tap : rows.taps) {
    std::fill(row.begin(), row.end(), 0.0F);
    const std::uint8_t* from = picture.rgb.data() + (tap.first * picture.width + columns.first) * 3;
    for (std::int64_t j = 0; j < tap.count; ++j, from += picture.width * 3) {
      add_row(rows.weights[tap.weights + static_cast<std::size_t>(j)], from, count, row.data());
    }
    narrow_row(row.data(), columns, side * side, to);
    to += side;
  }
}

}  // namespace sac
