#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>

#include "engine/train/client_rounds.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// SCAFFOLD: federated averaging with control variates that take the clients' drift out of their steps.
/// Source  Karimireddy et al., "SCAFFOLD: Stochastic Controlled Averaging for Federated Learning", ICML 2020,
///         arXiv:1910.06378 (option II).
/// Rule    x_k <- x_k - lr (g_k - c_k + c); at a round's end c_k' = c_k - c + (x_g - x_k) / sum of lr, c <- c +
///         (1/K) sum over the clients of (c_k' - c_k), x_g <- mean of their x_k. Made for plain SGD. The server keeps
///         c beside the model.
/// Cost    a client of the round: 2 D elements (or a codec's bytes) to the server and 2 D back every H steps; the
///         others are idle and send nothing.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. Evaluated at the server's model.
class Scaffold final : public Strategy {
 public:
  explicit Scaffold(const Options& options) : rounds_(options, "scaffold") {}

  [[nodiscard]] Traits traits() const override { return rounds_.traits(true); }

  void prepare(Worker& worker) override {
    rounds_.prepare(worker, served_besides(worker.layout()));
    own_ = at::zeros_like(worker.parameters());
  }

  void step(Worker& worker) override {
    rounds_.begin(worker);
    if (rounds_.takes_part()) {
      worker.compute_gradients();
      worker.gradients().sub_(own_).add_(common());
      moved_ += worker.lr();
      worker.update();
    }
    if (rounds_.ends(worker)) close(worker);
  }

  [[nodiscard]] std::int64_t served_besides(const Layout& layout) const override { return layout.parameter_count(); }

  ConsensusShare consensus(Worker& /*worker*/) override { return ConsensusShare::server(); }
  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override { return rounds_.serve(setup); }

  void io(Archive& archive, Worker& /*worker*/) override {
    rounds_.io(archive);
    archive.io(own_, moved_);
  }

 private:
  /// c, [D]
  [[nodiscard]] at::Tensor common() const { return rounds_.global().narrow(0, own_.numel(), own_.numel()); }

  void close(Worker& worker) {
    const at::Tensor step = worker.parameters().sub(rounds_.global_model(worker));
    const at::Tensor change = at::zeros_like(own_);
    if (moved_ > 0.0) change.copy_(step).div_(-moved_).sub_(common());
    own_.add_(change);
    moved_ = 0.0;
    rounds_.close(worker, at::cat({step, change.mul(rounds_.share(worker))}));
  }

  ClientRounds rounds_;
  at::Tensor own_;      ///< c_k, [D]
  double moved_ = 0.0;  ///< sum of the round's step sizes
};

const Register<StrategyEntry> registered{{
    .name = "scaffold",
    .summary = "federated averaging with control variates against drift",
    .source = "Karimireddy et al. 2020, arXiv:1910.06378",
    .rule = "x_k <- x_k - lr (g_k - c_k + c); c_k <- c_k - c + (x_g - x_k) / (H lr); c <- mean of all c_k",
    .cost = "2 D elements (or a codec's bytes) to the server and 2 D back every H steps, of a round's clients",
    .options = ClientRounds::options(),
    .make = [](const Options& options) { return std::make_unique<Scaffold>(options); },
}};

}  // namespace
}  // namespace sac
