#include "engine/train/gossip.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Decentralised parallel SGD: every step each worker averages with its neighbours only.
/// Source  Lian et al., "Can Decentralized Algorithms Outperform Centralized Algorithms?", NIPS 2017,
///         arXiv:1705.09056. Topologies: engine/train/topology.h.
/// Rule    x_k <- sum_j W_kj x_j - lr g_k(x_k): the models travel while the gradient is computed.
/// Cost    one message of D elements a neighbour and step.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. `complete` is sync_sgd in the mean.
class DPsgd final : public Strategy {
 public:
  explicit DPsgd(const Options& options) : topology_(options.text("topology")) {}

  [[nodiscard]] Traits traits() const override { return {.oblivious = true, .on_death = OnDeath::kGoesOn}; }

  void step(Worker& worker) override {
    const Mixing mixing = Topology(topology_, worker.world_size(), worker.seed()).at(worker.rank(), worker.step());
    const at::Tensor ours = worker.parameters().clone();
    Gossip gossip(worker, mixing, ours);
    worker.compute_gradients();
    const std::vector<at::Tensor>& theirs = gossip.receive();
    worker.parameters().mul_(mixing.self);
    for (std::size_t i = 0; i < theirs.size(); ++i) worker.parameters().add_(theirs[i], mixing.in[i].weight);
    worker.update();
  }

 private:
  std::string topology_;
};

const Register<StrategyEntry> registered{{
    .name = "d_psgd",
    .summary = "every step each worker averages with its neighbours only",
    .source = "Lian et al. 2017, arXiv:1705.09056",
    .rule = "x_k <- sum_j W_kj x_j - lr g_k",
    .cost = "one message of D elements a neighbour and step, behind computation",
    .options = {Topology::option("ring")},
    .make = [](const Options& options) { return std::make_unique<DPsgd>(options); },
}};

}  // namespace
}  // namespace sac
