#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "datasets/crop.h"

namespace sac {

/// A part of a picture, decoded: rows of red, green, blue bytes, and where in them lies what was asked for.
struct Picture {
  std::int64_t height = 0;
  std::int64_t width = 0;
  double top = 0.0;   ///< of the window, in rows of the above
  double left = 0.0;  ///< in columns
  double window_height = 0.0;
  double window_width = 0.0;
  std::vector<std::uint8_t> rgb;  ///< [height, width, 3]
};

/// What is wanted of an image of this size.
using ChooseWindow = std::function<Window(std::int64_t height, std::int64_t width)>;

/// Decodes the rows of a JPEG file that hold a window, by libjpeg-turbo, at 1/8, 1/4, 1/2 or all of its size: the
/// smallest at which the window has at least `side` pixels a side. Grey and four-coloured (CMYK) pictures become red,
/// green, blue.
/// @param name  for messages.  @param picture  its memory is used again.
/// @throws DataError  "NAME: ...": no JPEG, truncated or corrupt, as far as the window's last row.
void decode_jpeg(std::span<const std::uint8_t> bytes, std::int64_t side, const ChooseWindow& choose,
                 const std::string& name, Picture& picture);

/// Reads a JPEG file to its end.  @throws DataError  as above.
void check_jpeg(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace sac
