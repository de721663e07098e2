#include "datasets/jpeg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <csetjmp>
#include <cstdio>
// libjpeg's headers want size_t and FILE before them.
#include <jpeglib.h>
// jpeglib.h before jerror.h
#include <jerror.h>

#include "engine/core/error.h"

namespace sac {
namespace {

/// libjpeg's state with a way out of it: its errors must not return, and C++ exceptions must not pass through C.
struct Decoder {
  Decoder();
  ~Decoder() { jpeg_destroy_decompress(&info); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf out{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  std::vector<std::uint8_t> four_colours;  ///< a row
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* decoder = static_cast<Decoder*>(info->client_data);
  info->err->format_message(info, decoder->message.data());
  std::longjmp(decoder->out, 1);
}

/// Warnings (level -1) are of damaged data, which would otherwise be made up; bytes too many between two parts do no
/// harm, and old cameras wrote them.
void warn(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code != JWRN_EXTRANEOUS_DATA) leave(info);
}

Decoder::Decoder() {
  info.err = jpeg_std_error(&errors);
  info.client_data = this;
  errors.error_exit = leave;
  errors.emit_message = warn;
}

/// The eighths of its size at which a window still has `side` pixels a side; only of these libjpeg-turbo is fast.
unsigned eighths_for(const Window& window, std::int64_t side) {
  const std::int64_t shorter = std::min(window.height, window.width);
  unsigned eighths = 1;
  while (eighths < 8 && shorter * eighths < side * 8) eighths *= 2;
  return eighths;
}

/// Of a file by Adobe the four colours are inverted: 255 = no ink.
void to_rgb(const std::uint8_t* from, std::int64_t width, bool inverted, std::uint8_t* to) {
  const unsigned flip = inverted ? 0 : 255;
  for (std::int64_t x = 0; x < width; ++x, from += 4) {
    for (int c = 0; c < 3; ++c) *to++ = static_cast<std::uint8_t>((from[c] ^ flip) * (from[3] ^ flip) / 255);
  }
}

void read_row(Decoder& decoder, std::uint8_t* to) {
  jpeg_decompress_struct& info = decoder.info;
  const bool four = info.out_color_space == JCS_CMYK;
  JSAMPROW row = four ? decoder.four_colours.data() : to;
  jpeg_read_scanlines(&info, &row, 1);
  if (four) to_rgb(row, info.output_width, info.saw_Adobe_marker != 0, to);
}

/// The rows [first, last) of the output that hold the window; sets its place in them.
void place(const jpeg_decompress_struct& info, const Window& window, std::int64_t& first, Picture& picture) {
  const double down = static_cast<double>(info.output_height) / info.image_height;
  const double right = static_cast<double>(info.output_width) / info.image_width;
  const double top = static_cast<double>(window.top) * down;
  picture.window_height = static_cast<double>(window.height) * down;
  picture.window_width = static_cast<double>(window.width) * right;
  first = static_cast<std::int64_t>(top);
  const auto last = static_cast<std::int64_t>(std::ceil(top + picture.window_height));
  picture.height = std::min<std::int64_t>(last, info.output_height) - first;
  picture.width = info.output_width;
  picture.top = top - static_cast<double>(first);
  picture.left = static_cast<double>(window.left) * right;
}

void start(Decoder& decoder, std::span<const std::uint8_t> bytes) {
  jpeg_create_decompress(&decoder.info);
  decoder.info.client_data = &decoder;
  jpeg_mem_src(&decoder.info, bytes.data(), bytes.size());
  jpeg_read_header(&decoder.info, TRUE);
  const J_COLOR_SPACE kind = decoder.info.jpeg_color_space;
  decoder.info.out_color_space = kind == JCS_CMYK || kind == JCS_YCCK ? JCS_CMYK : JCS_RGB;
  decoder.info.scale_denom = 8;
}

/// Without objects that a jump would leave undestroyed.  @return false  with decoder.message set.
bool decode(Decoder& decoder, std::span<const std::uint8_t> bytes, std::int64_t side, const ChooseWindow& choose,
            Picture& picture) {
  jpeg_decompress_struct& info = decoder.info;
  if (setjmp(decoder.out) != 0) return false;  // NOLINT(cert-err52-cpp): libjpeg knows no other way
  start(decoder, bytes);
  const Window window = choose(info.image_height, info.image_width);
  info.scale_num = eighths_for(window, side);
  jpeg_start_decompress(&info);
  std::int64_t first = 0;
  place(info, window, first, picture);
  if (info.out_color_space == JCS_CMYK) decoder.four_colours.resize(static_cast<std::size_t>(picture.width * 4));
  picture.rgb.resize(static_cast<std::size_t>(picture.height * picture.width * 3));
  if (first > 0) jpeg_skip_scanlines(&info, static_cast<JDIMENSION>(first));
  for (std::int64_t y = 0; y < picture.height; ++y) read_row(decoder, picture.rgb.data() + y * picture.width * 3);
  if (info.output_scanline == info.output_height) jpeg_finish_decompress(&info);
  return true;
}

}  // namespace

void decode_jpeg(std::span<const std::uint8_t> bytes, std::int64_t side, const ChooseWindow& choose,
                 const std::string& name, Picture& picture) {
  if (bytes.empty()) throw DataError(name + ": is empty, no JPEG");
  Decoder decoder;
  if (!decode(decoder, bytes, side, choose, picture)) {
    throw DataError(name + ": is no whole JPEG: " + decoder.message.data());
  }
}

void check_jpeg(std::span<const std::uint8_t> bytes, const std::string& name) {
  thread_local Picture picture;
  const auto whole = [](std::int64_t height, std::int64_t width) { return Window{0, 0, height, width}; };
  decode_jpeg(bytes, 1, whole, name, picture);
}

}  // namespace sac
