#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sac {

/// A decoded picture: rows of red, green, blue bytes.
struct Picture {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> rgb;  ///< [height, width, 3]
};

/// Decodes a JPEG file by libjpeg-turbo, at an eighth to all of its size: the smallest that has at least `side` pixels a
/// side; grey pictures become coloured.
/// @param name  for messages.  @throws DataError  "NAME: ...": no JPEG, truncated, corrupt, or of four colours.
Picture decode_jpeg(std::span<const std::uint8_t> bytes, std::int64_t side, const std::string& name);

/// The largest centred square of a picture, scaled linearly to `side` pixels: [3, side, side] to `to`.
void fit_square(const Picture& picture, std::int64_t side, std::uint8_t* to);

}  // namespace sac
