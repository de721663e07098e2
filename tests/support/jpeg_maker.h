#pragma once
// clang-format off
#include <cstdio>  // libjpeg's header wants FILE before it
#include <jpeglib.h>
// clang-format on

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace sac::test {

/// Byte `c` of the pixel at (y, x).
using PixelOf = std::function<int(unsigned y, unsigned x, int c)>;

/// A JPEG of the best quality.
/// @param space  JCS_RGB, JCS_GRAYSCALE or JCS_CMYK (as Adobe writes it: 255 = no ink).
inline std::string make_jpeg(unsigned width, unsigned height, const PixelOf& pixel, J_COLOR_SPACE space = JCS_RGB) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): libjpeg's
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = width;
  info.image_height = height;
  info.input_components = space == JCS_GRAYSCALE ? 1 : space == JCS_RGB ? 3 : 4;
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  jpeg_start_compress(&info, TRUE);
  std::vector<std::uint8_t> row(width * static_cast<std::size_t>(info.input_components));
  JSAMPROW rows = row.data();
  while (info.next_scanline < height) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto x = static_cast<unsigned>(i) / static_cast<unsigned>(info.input_components);
      row[i] = static_cast<std::uint8_t>(pixel(info.next_scanline, x, static_cast<int>(i) % info.input_components));
    }
    jpeg_write_scanlines(&info, &rows, 1);
  }
  jpeg_finish_compress(&info);
  std::string result(reinterpret_cast<const char*>(bytes), size);
  jpeg_destroy_compress(&info);
  std::free(bytes);  // NOLINT(cppcoreguidelines-no-malloc): libjpeg's
  return result;
}

/// A JPEG of one colour.
inline std::string plain_jpeg(unsigned width, unsigned height, std::vector<int> colour, J_COLOR_SPACE space = JCS_RGB) {
  return make_jpeg(
      width, height, [&](unsigned, unsigned, int c) { return colour[static_cast<std::size_t>(c)]; }, space);
}

}  // namespace sac::test
