#include "datasets/crop.h"

#include <algorithm>
#include <cmath>

#include "engine/core/random.h"

namespace sac {
namespace {

constexpr double kLeastArea = 0.08;
constexpr double kWidest = 4.0 / 3.0;
constexpr int kTries = 10;
/// Numbers a sample takes of its stream at a step, at most: two a try, two for the place.
constexpr std::uint64_t kDraws = 32;
/// Windows are drawn far behind what Augmentation draws from the same stream.
constexpr std::uint64_t kFirstDraw = std::uint64_t{1} << 48;

std::int64_t rounded(double value, std::int64_t limit) {
  return std::clamp<std::int64_t>(std::llround(value), 1, limit);
}

Window centred(std::int64_t height, std::int64_t width, std::int64_t of_height, std::int64_t of_width) {
  return {.top = (of_height - height) / 2, .left = (of_width - width) / 2, .height = height, .width = width};
}

}  // namespace

Window centred_window(std::int64_t height, std::int64_t width, double share) {
  const std::int64_t shorter = std::min(height, width);
  const std::int64_t side = rounded(static_cast<double>(shorter) * share, shorter);
  return centred(side, side, height, width);
}

Window random_window(std::int64_t height, std::int64_t width, std::int64_t sample, const CropDraw& draw) {
  RandomStream stream(draw.seed, static_cast<std::uint32_t>(sample), Purpose::kAugmentation);
  stream.seek(kFirstDraw + static_cast<std::uint64_t>(draw.step) * kDraws);
  const auto below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(bound)));
  };
  const double all = static_cast<double>(height) * static_cast<double>(width);
  for (int i = 0; i < kTries; ++i) {
    const double area = all * (kLeastArea + (1.0 - kLeastArea) * stream.uniform());
    const double ratio = std::exp((2.0 * stream.uniform() - 1.0) * std::log(kWidest));
    const std::int64_t w = std::llround(std::sqrt(area * ratio));
    const std::int64_t h = std::llround(std::sqrt(area / ratio));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const std::int64_t top = below(height - h + 1);
    return {.top = top, .left = below(width - w + 1), .height = h, .width = w};
  }
  const std::int64_t w = rounded(static_cast<double>(height) * kWidest, width);
  const std::int64_t h = rounded(static_cast<double>(width) * kWidest, height);
  return centred(h, w, height, width);
}

}  // namespace sac
