#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "engine/compress/byte_codec.h"
#include "engine/compress/entries.h"

namespace sac {
namespace {

template <class T>
T magnitude(T value) {
  return std::isnan(value) ? std::numeric_limits<T>::infinity() : std::abs(value);
}

/// The k values of the largest magnitude, lower indices first among equals; the rest are 0.
/// Bytes  k (4 + w), k = max(1, round(ratio n)): an index of 4 bytes and a value of w = 4 or 8 each.
class TopK final : public ByteCodec<TopK> {
 public:
  explicit TopK(double ratio) : ratio_(ratio) {}

  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t element_size) const override {
    return share_of_elements(ratio_, count) * (4 + element_size);
  }
  template <class T>
  void write(std::span<const T> values, std::uint8_t* out, RandomStream& /*random*/) const {
    const auto k = static_cast<std::size_t>(share_of_elements(ratio_, static_cast<std::int64_t>(values.size())));
    if (k == 0) return;
    std::vector<T> sizes(values.size());
    std::transform(values.begin(), values.end(), sizes.begin(), magnitude<T>);
    const auto last = sizes.begin() + static_cast<std::ptrdiff_t>(k) - 1;
    std::nth_element(sizes.begin(), last, sizes.end(), std::greater<>());
    const T threshold = *last;
    auto equals = static_cast<std::int64_t>(std::count(sizes.begin(), last + 1, threshold));
    std::uint8_t* content = out + 4 * k;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const T size = magnitude(values[i]);
      if (size < threshold || (size == threshold && equals-- <= 0)) continue;
      store(out, static_cast<std::uint32_t>(i));
      store(content, values[i]);
      out += 4;
      content += sizeof(T);
    }
  }
  template <class T>
  void read(const std::uint8_t* in, std::span<T> values) const {
    const auto k = static_cast<std::size_t>(share_of_elements(ratio_, static_cast<std::int64_t>(values.size())));
    std::fill(values.begin(), values.end(), T{0});
    const std::uint8_t* content = in + 4 * k;
    for (std::size_t i = 0; i < k; ++i) {
      const auto index = load<std::uint32_t>(in + 4 * i);
      if (index >= values.size()) {
        throw CommunicationError("a top-k message names element " + std::to_string(index) + " of " +
                                 std::to_string(values.size()));
      }
      values[index] = load<T>(content + sizeof(T) * i);
    }
  }

 private:
  double ratio_;
};

}  // namespace

CodecEntry topk_entry() {
  return {.name = "topk",
          .source = "Aji & Heafield 2017, arXiv:1704.05021; Stich et al. 2018, arXiv:1809.07599",
          .bytes = "k (4 + w), k = max(1, round(ratio n))",
          .make = [](const CodecConfig& config) { return std::make_unique<TopK>(config.ratio); }};
}

}  // namespace sac
