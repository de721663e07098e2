#include <array>

#include "engine/compress/byte_codec.h"
#include "engine/compress/dither.h"
#include "engine/compress/entries.h"

namespace sac {
namespace {

/// Every value as 0 or plus or minus s = max |x|, at random so that the mean is right.
/// Bytes  4 + ceil(n / 4): s, then 2 bits a value.
class Terngrad final : public ByteCodec<Terngrad> {
 public:
  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t /*element_size*/) const override {
    return 4 + packed_bytes(count, 2);
  }
  [[nodiscard]] Codes codes(std::int64_t /*count*/) const override { return {.width = 2, .begin = 4}; }
  template <class T>
  void write(std::span<const T> values, std::uint8_t* out, RandomStream& random) const {
    const auto scale = static_cast<float>(largest(values));
    store(out, scale);
    Dither dither(random);
    BitWriter bits(out + 4);
    std::array<float, 256> draws;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i % draws.size() == 0) dither.fill(draws);
      const bool sent = static_cast<T>(draws[i % draws.size()]) * static_cast<T>(scale) < std::abs(values[i]);
      bits.put(!sent ? kZero : values[i] < 0 ? kMinus : kPlus, 2);
    }
    bits.finish();
  }
  template <class T>
  void read(const std::uint8_t* in, std::span<T> values) const {
    const auto scale = static_cast<T>(load<float>(in));
    BitReader bits(in + 4);
    for (T& value : values) {
      const std::uint32_t code = bits.take(2);
      value = code == kZero ? T{0} : code == kPlus ? scale : -scale;
    }
  }

 private:
  static constexpr std::uint32_t kZero = 0, kPlus = 1, kMinus = 2;
};

}  // namespace

CodecEntry terngrad_entry() {
  return {.name = "terngrad",
          .source = "Wen et al. 2017, arXiv:1705.07878",
          .bytes = "4 + ceil(n / 4)",
          .make = [](const CodecConfig&) { return std::make_unique<Terngrad>(); }};
}

}  // namespace sac
