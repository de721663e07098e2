#include <algorithm>
#include <array>

#include "engine/compress/byte_codec.h"
#include "engine/compress/dither.h"
#include "engine/compress/entries.h"

namespace sac {
namespace {

/// Every value rounded to a power of two beside it, at random so that the mean is right: sign and 8 bits of exponent.
/// Magnitudes below 2^-126 become 0, those from 2^127 on 2^127.
/// Bytes  ceil(9 n / 8).
class Natural final : public ByteCodec<Natural> {
 public:
  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t /*element_size*/) const override {
    return packed_bytes(count, kWidth);
  }
  [[nodiscard]] Codes codes(std::int64_t /*count*/) const override { return {.width = kWidth}; }
  template <class T>
  void write(std::span<const T> values, std::uint8_t* out, RandomStream& random) const {
    Dither dither(random);
    BitWriter bits(out);
    std::array<float, 256> draws;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i % draws.size() == 0) dither.fill(draws);
      const T value = values[i];
      int exponent = 0;
      const double mantissa = std::frexp(std::abs(static_cast<double>(value)), &exponent);  // in [0.5, 1)
      if (2.0 * mantissa - 1.0 <= static_cast<double>(draws[i % draws.size()])) --exponent;
      const int code = mantissa == 0.0 || exponent < -kBias + 1 ? 0 : std::min(exponent + kBias, 2 * kBias);
      bits.put(static_cast<std::uint32_t>(code) | (value < 0 ? kSign : 0U), kWidth);
    }
    bits.finish();
  }
  template <class T>
  void read(const std::uint8_t* in, std::span<T> values) const {
    BitReader bits(in);
    for (T& value : values) {
      const std::uint32_t code = bits.take(kWidth);
      const int exponent = static_cast<int>(code & ~kSign);
      const T magnitude = exponent == 0 ? T{0} : static_cast<T>(std::ldexp(1.0, exponent - kBias));
      value = (code & kSign) != 0 ? -magnitude : magnitude;
    }
  }

 private:
  static constexpr int kWidth = 9, kBias = 127;
  static constexpr std::uint32_t kSign = 256;
};

}  // namespace

CodecEntry natural_entry() {
  return {.name = "natural",
          .source = "Horvath et al. 2019, arXiv:1905.10988",
          .bytes = "ceil(9 n / 8)",
          .make = [](const CodecConfig&) { return std::make_unique<Natural>(); }};
}

}  // namespace sac
