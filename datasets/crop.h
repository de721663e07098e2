#pragma once
#include <cstdint>

namespace sac {

/// A rectangle of an image's pixels.
struct Window {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// Keys the draws of a training image: the same whichever worker, in whatever strategy, takes a sample at a step.
struct CropDraw {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
};

/// The largest centred square, its side times `share` in (0, 1].
Window centred_window(std::int64_t height, std::int64_t width, double share);

/// A random part of 8 to 100 % of the area, 3/4 to 4/3 times as wide as high (the inception crop of Szegedy et al.
/// 2015, as torchvision's RandomResizedCrop takes it); where ten tries do not fit, the largest centred one that does.
Window random_window(std::int64_t height, std::int64_t width, std::int64_t sample, const CropDraw& draw);

}  // namespace sac
