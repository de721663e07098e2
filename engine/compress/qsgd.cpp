#include <algorithm>
#include <array>
#include <bit>

#include "engine/compress/byte_codec.h"
#include "engine/compress/dither.h"
#include "engine/compress/entries.h"

namespace sac {
namespace {

/// Of the squares, in double: eight sums side by side, which processors add at once.
template <class T>
double norm_of(std::span<const T> values) {
  std::array<double, 8> sums{};
  std::size_t i = 0;
  for (; i + sums.size() <= values.size(); i += sums.size()) {
    for (std::size_t lane = 0; lane < sums.size(); ++lane) {
      const auto value = static_cast<double>(values[i + lane]);
      sums[lane] += value * value;
    }
  }
  for (; i < values.size(); ++i) sums[0] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  double sum = 0.0;
  for (const double part : sums) sum += part;
  return std::sqrt(sum);
}

/// Every value as sign and level, |x| / norm in s levels rounded at random so that the mean is right; a bucket of
/// elements shares its 2-norm.
/// Bytes  4 ceil(n / bucket) + ceil(n b / 8), b = ceil(lg(2 s + 1)): a norm a bucket, then b bits a value.
class Qsgd final : public ByteCodec<Qsgd> {
 public:
  Qsgd(std::int64_t levels, std::int64_t bucket)
      : levels_(static_cast<int>(levels)),
        width_(std::bit_width(static_cast<std::uint32_t>(2 * levels))),
        bucket_(bucket) {}

  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t /*element_size*/) const override {
    return 4 * buckets(count) + packed_bytes(count, width_);
  }
  [[nodiscard]] Codes codes(std::int64_t count) const override {
    return {.width = width_, .begin = 4 * buckets(count)};
  }

  template <class T>
  void write(std::span<const T> values, std::uint8_t* out, RandomStream& random) const {
    const auto count = static_cast<std::int64_t>(values.size());
    Dither dither(random);
    CodeWriter codes(out + 4 * buckets(count), width_);
    for (std::int64_t begin = 0; begin < count; begin += bucket_, out += 4) {
      const auto part = values.subspan(static_cast<std::size_t>(begin), length(begin, count));
      const auto norm = static_cast<float>(norm_of(part));
      store(out, norm);
      const bool plain = norm > 0.0F && std::isfinite(norm);
      const T scale = plain ? static_cast<T>(levels_) / static_cast<T>(norm) : T{0};
      for (std::size_t i = 0; i < part.size(); i += kChunk) {
        write_chunk(part.subspan(i, std::min(kChunk, part.size() - i)), scale, dither, codes);
      }
    }
    codes.finish();
  }
  template <class T>
  void read(const std::uint8_t* in, std::span<T> values) const {
    const auto count = static_cast<std::int64_t>(values.size());
    BitReader bits(in + 4 * buckets(count));
    for (std::int64_t begin = 0; begin < count; begin += bucket_, in += 4) {
      const T unit = static_cast<T>(load<float>(in)) / static_cast<T>(levels_);
      for (T& value : values.subspan(static_cast<std::size_t>(begin), length(begin, count))) {
        value = unit * static_cast<T>(static_cast<int>(bits.take(width_)) - levels_);
      }
    }
  }

 private:
  static constexpr std::size_t kChunk = 256;

  [[nodiscard]] std::int64_t buckets(std::int64_t count) const { return (count + bucket_ - 1) / bucket_; }
  [[nodiscard]] std::size_t length(std::int64_t begin, std::int64_t count) const {
    return static_cast<std::size_t>(std::min(bucket_, count - begin));
  }

  /// What is no number counts as the highest level; beside it the norm is no number, and all becomes none.
  template <class T>
  void write_chunk(std::span<const T> values, T scale, Dither& dither, CodeWriter& out) const {
    std::array<float, kChunk> random;
    std::array<std::int32_t, kChunk> level;
    dither.fill(std::span(random).first(values.size()));
    const auto most = static_cast<T>(levels_);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const T scaled = std::abs(values[i]) * scale;
      const T below = (scaled < most ? scaled : most) + static_cast<T>(random[i]);
      const std::int32_t rounded = std::min(static_cast<std::int32_t>(below), levels_);
      level[i] = levels_ + (values[i] < 0 ? -rounded : rounded);
    }
    out.put(std::span<const std::int32_t>(level).first(values.size()));
  }

  int levels_;
  int width_;
  std::int64_t bucket_;
};

}  // namespace

CodecEntry qsgd_entry() {
  return {.name = "qsgd",
          .source = "Alistarh et al. 2017, arXiv:1610.02132",
          .bytes = "4 ceil(n / bucket) + ceil(n ceil(lg(2 levels + 1)) / 8)",
          .make = [](const CodecConfig& config) { return std::make_unique<Qsgd>(config.levels, config.bucket); }};
}

}  // namespace sac
