#include "engine/compress/byte_codec.h"
#include "engine/compress/entries.h"
#include "engine/compress/sparse.h"

namespace sac {
namespace {

/// Deep gradient compression: top-k whose share falls to `ratio` over the first exchanges, k_t = ratio^min(1, t / W) n
/// in exchange t = 1, 2, ... What is not sent is kept back with the momentum corrected: see KeptBack.
/// Bytes  k (4 + w), k = max(1, round(ratio^min(1, t / W) n)): an index of 4 bytes and a value of w = 4 or 8 each.
class Dgc final : public Codec {
 public:
  Dgc(double ratio, std::int64_t warmup) : ratio_(ratio), warmup_(warmup) {}

  /// After the warm-up.
  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t element_size) const override {
    return sparse_bytes(share_of_elements(ratio_, count), element_size);
  }
  at::Tensor encode(const at::Tensor& values, const CodecRound& round, RandomStream& /*random*/) const override {
    const std::int64_t chosen = share_of_elements(ratio_in(round), values.numel());
    return encoded_bytes(values, sparse_bytes(chosen, values.element_size()), [&](auto all, std::uint8_t* out) {
      write_largest(all, static_cast<std::size_t>(chosen), out);
    });
  }
  void decode(const at::Tensor& message, const CodecRound& round, const at::Tensor& values) const override {
    const std::int64_t chosen = share_of_elements(ratio_in(round), values.numel());
    require_bytes(message, sparse_bytes(chosen, values.element_size()));
    decode_bytes(message, values,
                 [&](const std::uint8_t* in, auto all) { read_chosen(in, static_cast<std::size_t>(chosen), all); });
  }

 private:
  [[nodiscard]] double ratio_in(const CodecRound& round) const {
    const auto number = static_cast<double>(round.number);
    const auto length = static_cast<double>(warmup_);
    return number < length ? std::pow(ratio_, number / length) : ratio_;
  }

  double ratio_;
  std::int64_t warmup_;  ///< W
};

}  // namespace

CodecEntry dgc_entry() {
  return {.name = "dgc",
          .source = "Lin et al. 2018, Deep Gradient Compression, arXiv:1712.01887",
          .bytes = "k (4 + w), k = max(1, round(ratio^min(1, t / W) n)) in exchange t",
          .make = [](const CodecConfig& config) { return std::make_unique<Dgc>(config.ratio, config.warmup); }};
}

}  // namespace sac
