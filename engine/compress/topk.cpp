#include "engine/compress/byte_codec.h"
#include "engine/compress/entries.h"
#include "engine/compress/sparse.h"

namespace sac {
namespace {

/// The k values of the largest magnitude, lower indices first among equals; the rest are 0.
/// Bytes  k (4 + w), k = max(1, round(ratio n)): an index of 4 bytes and a value of w = 4 or 8 each.
class TopK final : public ByteCodec<TopK> {
 public:
  explicit TopK(double ratio) : ratio_(ratio) {}

  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t element_size) const override {
    return sparse_bytes(share_of_elements(ratio_, count), element_size);
  }
  template <class T>
  void write(std::span<const T> values, std::uint8_t* out, RandomStream& /*random*/) const {
    write_largest(values, chosen(values.size()), out);
  }
  template <class T>
  void read(const std::uint8_t* in, std::span<T> values) const {
    read_chosen(in, chosen(values.size()), values);
  }

 private:
  [[nodiscard]] std::size_t chosen(std::size_t count) const {
    return static_cast<std::size_t>(share_of_elements(ratio_, static_cast<std::int64_t>(count)));
  }

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
