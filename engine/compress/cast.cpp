#include "engine/compress/entries.h"

namespace sac {
namespace {

/// Every value rounded to 16 bits; messages add up, so they travel by all-reduce.
/// Bytes  2 n.
class Cast final : public Codec {
 public:
  explicit Cast(at::ScalarType type) : type_(type) {}
  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t /*element_size*/) const override {
    return 2 * count;
  }
  at::Tensor encode(const at::Tensor& values, const CodecRound& /*round*/, RandomStream& /*random*/) const override {
    return values.to(type_);
  }
  void decode(const at::Tensor& message, const CodecRound& /*round*/, const at::Tensor& values) const override {
    values.copy_(message);
  }
  [[nodiscard]] bool adds_up() const override { return true; }

 private:
  at::ScalarType type_;
};

}  // namespace

CodecEntry fp16_entry() {
  return {.name = "fp16", .source = "IEEE 754 binary16", .bytes = "2 n", .make = [](const CodecConfig&) {
            return std::make_unique<Cast>(at::kHalf);
          }};
}

CodecEntry bf16_entry() {
  return {.name = "bf16",
          .source = "float32 without its lower 16 bits, rounded",
          .bytes = "2 n",
          .make = [](const CodecConfig&) { return std::make_unique<Cast>(at::kBFloat16); }};
}

}  // namespace sac
