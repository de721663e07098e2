#include "engine/compress/byte_codec.h"
#include "engine/compress/entries.h"

namespace sac {
namespace {

/// Every value as the mean of those that share its sign. Made for error feedback.
/// Bytes  8 + ceil(n / 8): the two means, then a bit a value.
class OneBit final : public ByteCodec<OneBit> {
 public:
  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t /*element_size*/) const override {
    return 8 + packed_bytes(count, 1);
  }
  template <class T>
  void write(std::span<const T> values, std::uint8_t* out, RandomStream& /*random*/) const {
    double sums[2] = {0.0, 0.0};
    std::int64_t counts[2] = {0, 0};
    BitWriter bits(out + 8);
    for (const T value : values) {
      const bool below = value < 0;
      sums[below] += static_cast<double>(value);
      ++counts[below];
      bits.put(below ? 1 : 0, 1);
    }
    bits.finish();
    for (int side = 0; side < 2; ++side) {
      store(out + 4 * side,
            counts[side] == 0 ? 0.0F : static_cast<float>(sums[side] / static_cast<double>(counts[side])));
    }
  }
  template <class T>
  void read(const std::uint8_t* in, std::span<T> values) const {
    const T means[2] = {static_cast<T>(load<float>(in)), static_cast<T>(load<float>(in + 4))};
    BitReader bits(in + 8);
    for (T& value : values) value = means[bits.take(1)];
  }
};

}  // namespace

CodecEntry onebit_entry() {
  return {.name = "onebit",
          .source = "Seide et al. 2014, 1-Bit SGD, Interspeech",
          .bytes = "8 + ceil(n / 8)",
          .make = [](const CodecConfig&) { return std::make_unique<OneBit>(); }};
}

}  // namespace sac
