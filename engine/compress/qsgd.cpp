#include <algorithm>
#include <bit>

#include "engine/compress/byte_codec.h"
#include "engine/compress/entries.h"

namespace sac {
namespace {

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
  template <class T>
  void write(std::span<const T> values, std::uint8_t* out, RandomStream& random) const {
    const auto count = static_cast<std::int64_t>(values.size());
    BitWriter bits(out + 4 * buckets(count));
    for (std::int64_t begin = 0; begin < count; begin += bucket_, out += 4) {
      const auto part = values.subspan(static_cast<std::size_t>(begin), length(begin, count));
      double sum = 0.0;
      for (const T value : part) sum += static_cast<double>(value) * static_cast<double>(value);
      const auto norm = static_cast<float>(std::sqrt(sum));
      store(out, norm);
      for (const T value : part) bits.put(static_cast<std::uint32_t>(level(value, norm, random) + levels_), width_);
    }
    bits.finish();
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
  [[nodiscard]] std::int64_t buckets(std::int64_t count) const { return (count + bucket_ - 1) / bucket_; }
  [[nodiscard]] std::size_t length(std::int64_t begin, std::int64_t count) const {
    return static_cast<std::size_t>(std::min(bucket_, count - begin));
  }
  [[nodiscard]] int level(double value, double norm, RandomStream& random) const {
    const double scaled = norm > 0.0 ? std::abs(value) / norm * levels_ : 0.0;
    if (!(scaled < levels_)) return value < 0.0 ? -levels_ : levels_;
    const int rounded = static_cast<int>(scaled + random.uniform());
    return value < 0.0 ? -rounded : rounded;
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
