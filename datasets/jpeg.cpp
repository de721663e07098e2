#include "datasets/jpeg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <csetjmp>
#include <cstdio>
// libjpeg's header wants size_t and FILE before it.
#include <jpeglib.h>

#include "engine/core/error.h"

namespace sac {
namespace {

/// libjpeg's state with a way out of it: its errors must not return, and C++ exceptions must not pass through C.
struct Decoder {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf out{};
  std::array<char, JMSG_LENGTH_MAX> message{};
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* decoder = static_cast<Decoder*>(info->client_data);
  info->err->format_message(info, decoder->message.data());
  std::longjmp(decoder->out, 1);
}

/// Warnings (level -1) are of damaged data, which would otherwise be made up.
void warn(j_common_ptr info, int level) {
  if (level < 0) leave(info);
}

/// The eighths of its size at which a picture still has `side` pixels a side.
unsigned eighths_for(const jpeg_decompress_struct& info, std::int64_t side) {
  const auto shorter = static_cast<std::int64_t>(std::min(info.image_width, info.image_height));
  unsigned eighths = 1;
  while (eighths < 8 && shorter * eighths / 8 < side) ++eighths;
  return eighths;
}

/// Without objects that a jump would leave undestroyed.  @return false  with decoder.message set.
bool decode(Decoder& decoder, std::span<const std::uint8_t> bytes, std::int64_t side, Picture& picture) {
  jpeg_decompress_struct& info = decoder.info;
  if (setjmp(decoder.out) != 0) return false;  // NOLINT(cert-err52-cpp): libjpeg knows no other way
  jpeg_create_decompress(&info);
  info.client_data = &decoder;
  jpeg_mem_src(&info, bytes.data(), bytes.size());
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  info.scale_num = eighths_for(info, side);
  info.scale_denom = 8;
  jpeg_start_decompress(&info);
  picture.height = info.output_height;
  picture.width = info.output_width;
  picture.rgb.resize(static_cast<std::size_t>(picture.height * picture.width * 3));
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = picture.rgb.data() + static_cast<std::int64_t>(info.output_scanline) * picture.width * 3;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  return true;
}

/// Where a target pixel lies in the source: two neighbours and the share of the second.
struct Sample {
  std::int64_t first, second;
  float share;
};

std::vector<Sample> samples(std::int64_t begin, std::int64_t length, std::int64_t side) {
  std::vector<Sample> result;
  for (std::int64_t i = 0; i < side; ++i) {
    const double at = (static_cast<double>(i) + 0.5) * static_cast<double>(length) / static_cast<double>(side) - 0.5;
    const double low = std::clamp(std::floor(at), 0.0, static_cast<double>(length - 1));
    const auto first = static_cast<std::int64_t>(low);
    const float share = static_cast<float>(std::clamp(at - low, 0.0, 1.0));
    result.push_back({begin + first, begin + std::min(first + 1, length - 1), share});
  }
  return result;
}

}  // namespace

Picture decode_jpeg(std::span<const std::uint8_t> bytes, std::int64_t side, const std::string& name) {
  Decoder decoder;
  decoder.info.err = jpeg_std_error(&decoder.errors);
  decoder.info.client_data = &decoder;
  decoder.errors.error_exit = leave;
  decoder.errors.emit_message = warn;
  Picture picture;
  const bool good = !bytes.empty() && decode(decoder, bytes, side, picture);
  jpeg_destroy_decompress(&decoder.info);
  if (bytes.empty()) throw DataError(name + ": is empty, no JPEG");
  if (!good) throw DataError(name + ": is no whole JPEG: " + decoder.message.data());
  return picture;
}

void fit_square(const Picture& picture, std::int64_t side, std::uint8_t* to) {
  const std::int64_t length = std::min(picture.height, picture.width);
  const std::vector<Sample> rows = samples((picture.height - length) / 2, length, side);
  const std::vector<Sample> columns = samples((picture.width - length) / 2, length, side);
  for (std::int64_t c = 0; c < 3; ++c) {
    const auto pixel = [&](std::int64_t y, std::int64_t x) {
      return static_cast<float>(picture.rgb[static_cast<std::size_t>((y * picture.width + x) * 3 + c)]);
    };
    for (const Sample& y : rows) {
      for (const Sample& x : columns) {
        const float top = std::lerp(pixel(y.first, x.first), pixel(y.first, x.second), x.share);
        const float bottom = std::lerp(pixel(y.second, x.first), pixel(y.second, x.second), x.share);
        *to++ = static_cast<std::uint8_t>(std::lerp(top, bottom, y.share) + 0.5F);
      }
    }
  }
}

}  // namespace sac
