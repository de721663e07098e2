#include <algorithm>

#include "engine/compress/byte_codec.h"
#include "engine/compress/entries.h"

namespace sac {
namespace {

/// Every value as a multiple of max |x| / 127, rounded to the nearest.
/// Bytes  4 + n: the scale, then a byte a value.
class Int8 final : public ByteCodec<Int8> {
 public:
  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t /*element_size*/) const override {
    return 4 + count;
  }
  [[nodiscard]] Codes codes(std::int64_t /*count*/) const override { return {.width = 8, .begin = 4}; }
  template <class T>
  void write(std::span<const T> values, std::uint8_t* out, RandomStream& /*random*/) const {
    const auto scale = static_cast<float>(largest(values) / 127.0);
    store(out, scale);
    out += 4;
    const T inverse = scale > 0.0F ? T{1} / static_cast<T>(scale) : T{0};
    for (const T value : values) {
      const T level = std::clamp<T>(std::nearbyint(value * inverse), -127, 127);
      *out++ = static_cast<std::uint8_t>(static_cast<std::int8_t>(std::isnan(level) ? T{0} : level));
    }
  }
  template <class T>
  void read(const std::uint8_t* in, std::span<T> values) const {
    const auto scale = static_cast<T>(load<float>(in));
    in += 4;
    for (T& value : values) value = scale * static_cast<T>(static_cast<std::int8_t>(*in++));
  }
};

}  // namespace

CodecEntry int8_entry() {
  return {.name = "int8",
          .source = "Dettmers 2016, arXiv:1511.04561 (linear quantisation)",
          .bytes = "4 + n",
          .make = [](const CodecConfig&) { return std::make_unique<Int8>(); }};
}

}  // namespace sac
