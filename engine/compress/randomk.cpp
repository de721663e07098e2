#include <ATen/ops/empty.h>

#include "engine/compress/entries.h"
#include "engine/core/error.h"

namespace sac {
namespace {

/// k values at random places, the same on all ranks and so never sent; scaled by n / k, which makes the mean right,
/// unless error feedback brings the others back. Messages add up, so they travel by all-reduce.
/// Bytes  k w, k = max(1, round(ratio n)).
class RandomK final : public Codec {
 public:
  RandomK(double ratio, bool scaled) : ratio_(ratio), scaled_(scaled) {}

  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t element_size) const override {
    return share_of_elements(ratio_, count) * element_size;
  }
  at::Tensor encode(const at::Tensor& values, const CodecRound& round, RandomStream& /*random*/) const override {
    const at::Tensor chosen = values.index_select(0, places(values.numel(), round).to(values.device()));
    if (scaled_ && chosen.numel() > 0) {
      chosen.mul_(static_cast<double>(values.numel()) / static_cast<double>(chosen.numel()));
    }
    return chosen;
  }
  void decode(const at::Tensor& message, const CodecRound& round, const at::Tensor& values) const override {
    const at::Tensor where = places(values.numel(), round);
    if (message.numel() != where.numel()) {
      throw CommunicationError("a random-k message of " + std::to_string(message.numel()) +
                               " values came; it must have " + std::to_string(where.numel()));
    }
    values.zero_();
    values.index_copy_(0, where.to(values.device()), message);
  }
  [[nodiscard]] bool adds_up() const override { return true; }

 private:
  [[nodiscard]] at::Tensor places(std::int64_t count, const CodecRound& round) const {
    const std::int64_t k = share_of_elements(ratio_, count);
    at::Tensor indices = at::empty({k}, at::TensorOptions(at::kLong));
    if (k == 0) return indices;
    auto* index = indices.mutable_data_ptr<std::int64_t>();
    const Permutation permutation(static_cast<std::uint64_t>(count), round.seed, 0, round.number);
    for (std::int64_t i = 0; i < k; ++i) {
      index[i] = static_cast<std::int64_t>(permutation(static_cast<std::uint64_t>(i)));
    }
    return indices;
  }

  double ratio_;
  bool scaled_;
};

}  // namespace

CodecEntry randomk_entry() {
  return {.name = "randomk",
          .source = "Wangni et al. 2018, arXiv:1710.09854; Stich et al. 2018, arXiv:1809.07599",
          .bytes = "k w, k = max(1, round(ratio n))",
          .make = [](const CodecConfig& config) {
            return std::make_unique<RandomK>(config.ratio, !config.error_feedback);
          }};
}

}  // namespace sac
