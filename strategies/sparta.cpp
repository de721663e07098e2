#include <ATen/ops/empty.h>

#include <cmath>

#include "engine/train/strategy.h"

namespace sac {
namespace {

/// SPARTA: every step the workers average a few random coordinates, the same everywhere.
/// Source  Beton et al., "Improving the Efficiency of Distributed Training using Sparse Parameter Averaging", 2025
///         (SPARTA), ICLR workshop on modular and collaborative learning.
/// Rule    x_k <- x_k - lr g_k; each coordinate, with probability p: x_k <- mean_j x_j. The choice comes from the run's
///         seed and is never sent.
/// Cost    one all-reduce of p D elements a step, in the mean.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class Sparta final : public Strategy {
 public:
  explicit Sparta(const Options& options) : probability_(options.number("probability")) {}

  [[nodiscard]] Traits traits() const override { return {.oblivious = true, .on_death = OnDeath::kCanGoOn}; }

  void prepare(Worker& worker) override { coin_ = RandomStream(worker.seed(), kEverybody, Purpose::kStrategy); }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    const at::Tensor places = draw(worker.layout().parameter_count()).to(worker.device());
    if (places.numel() == 0) return;
    const at::Tensor chosen = worker.parameters().index_select(0, places);
    worker.comm().all_reduce(chosen, Reduce::kMean);
    worker.parameters().index_copy_(0, places, chosen);
  }

  void io(Archive& archive, Worker& worker) override {
    (void)worker;
    archive.io(coin_);
  }

 private:
  static constexpr std::uint32_t kEverybody = 0xffffffff;  ///< no rank's own stream

  /// Ascending places, each of `count` with the same probability: the gaps between them are geometric.
  at::Tensor draw(std::int64_t count) {
    std::vector<std::int64_t> places;
    const double log_rest = std::log1p(-probability_);
    for (std::int64_t next = -1; probability_ > 0.0;) {
      const double gap = std::floor(std::log1p(-coin_.uniform()) / log_rest);
      if (gap >= static_cast<double>(count - next - 1)) break;
      next += 1 + static_cast<std::int64_t>(gap);
      places.push_back(next);
    }
    at::Tensor tensor = at::empty({static_cast<std::int64_t>(places.size())}, at::TensorOptions(at::kLong));
    std::copy(places.begin(), places.end(), tensor.mutable_data_ptr<std::int64_t>());
    return tensor;
  }

  double probability_;
  RandomStream coin_{0, 0, Purpose::kStrategy};  ///< the same on every rank
};

const Register<StrategyEntry> registered{{
    .name = "sparta",
    .summary = "every step all average a few random coordinates",
    .source = "Beton et al. 2025 (SPARTA)",
    .rule = "x_k <- x_k - lr g_k; each coordinate with probability p: x_k <- mean_j x_j",
    .cost = "one all-reduce of p D elements a step",
    .options = {{.name = "probability", .fallback = 0.05, .doc = "of a coordinate, p", .min = 0, .max = 1}},
    .make = [](const Options& options) { return std::make_unique<Sparta>(options); },
}};

}  // namespace
}  // namespace sac
