#pragma once
#include <cstdint>

#include "datasets/jpeg.h"

namespace sac {

/// A picture's window scaled to a square of `side` pixels a side: [3, side, side] to `to`. Each pixel is the mean of
/// those within one pixel of the result, weighed by a triangle; enlarged, that is linear interpolation.
void resample(const Picture& picture, std::int64_t side, std::uint8_t* to);

}  // namespace sac
