#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>

#include "engine/train/gossip.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Stochastic gradient push: gossip over directed links, biased sums made right by weights that travel along.
/// Source  Assran et al., "Stochastic Gradient Push for Distributed Deep Learning", ICML 2019, arXiv:1811.10792.
/// Rule    (y_k, w_k) <- sum_j P_kj (y_j, w_j); y_k <- y_k - lr g_k(z_k), z_k = y_k / w_k. Every sender splits what it
///         has evenly over itself and its listeners, so P is column-stochastic whatever the links.
/// Cost    one message of D + 1 elements a listener and step: one a step with one_peer_exponential.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. Evaluated at mean_k y_k / mean_k w_k.
class Sgp final : public Strategy {
 public:
  explicit Sgp(const Options& options) : topology_(options.text("topology")) {}

  [[nodiscard]] Traits traits() const override { return {.oblivious = true, .on_death = OnDeath::kGoesOn}; }

  void prepare(Worker& worker) override { weight_ = at::ones({1}, worker.parameters().options()); }

  void step(Worker& worker) override {
    const at::Tensor before = worker.parameters().clone();
    worker.compute_gradients();
    worker.update();
    const Mixing mixing = Topology(topology_, worker.world_size(), worker.seed()).at(worker.rank(), worker.step());
    const auto parts = static_cast<double>(mixing.out.size() + 1);
    const at::Tensor sum = at::cat({before.mul_(weight_.sub(1.0)).add_(worker.parameters()), weight_}).div_(parts);
    const at::Tensor ours = sum.clone();
    Gossip gossip(worker, mixing, ours);
    for (const at::Tensor& theirs : gossip.receive()) sum.add_(theirs);
    const std::int64_t count = worker.parameters().numel();
    weight_.copy_(sum.narrow(0, count, 1));
    worker.parameters().copy_(sum.narrow(0, 0, count)).div_(weight_);
  }

  void io(Archive& archive, Worker& /*worker*/) override { archive.io(weight_); }

 private:
  std::string topology_;
  at::Tensor weight_;  ///< w_k, [1]
};

const Register<StrategyEntry> registered{{
    .name = "sgp",
    .summary = "gossip over directed links with push-sum weights",
    .source = "Assran et al. 2019, arXiv:1811.10792",
    .rule = "(y_k, w_k) <- sum_j P_kj (y_j, w_j); y_k <- y_k - lr g_k(y_k / w_k)",
    .cost = "one message of D + 1 elements a listener and step",
    .options = {Topology::option("one_peer_exponential")},
    .make = [](const Options& options) { return std::make_unique<Sgp>(options); },
}};

}  // namespace
}  // namespace sac
