#include <ATen/ops/zeros_like.h>

#include "engine/train/client_rounds.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// SCAFFOLD: federated averaging with control variates that take the clients' drift out of their steps.
/// Source  Karimireddy et al., "SCAFFOLD: Stochastic Controlled Averaging for Federated Learning", ICML 2020,
///         arXiv:1910.06378 (option II).
/// Rule    x_k <- x_k - lr (g_k - c_k + c); at a round's end c_k' = c_k - c + (x_g - x_k) / sum of lr, c <- c +
///         (1/K) sum over the clients of (c_k' - c_k), x_g <- mean of their x_k. Made for plain SGD.
/// Cost    two all-reduces of D elements every H steps, of all K workers.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class Scaffold final : public Strategy {
 public:
  explicit Scaffold(const Options& options) : rounds_(options, "scaffold") {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = rounds_.oblivious(), .serial_alone = rounds_.exact()};
  }

  void prepare(Worker& worker) override {
    rounds_.prepare(worker);
    own_ = at::zeros_like(worker.parameters());
    all_ = at::zeros_like(own_);
  }

  void step(Worker& worker) override {
    if (rounds_.takes_part()) {
      worker.compute_gradients();
      worker.gradients().sub_(own_).add_(all_);
      moved_ += worker.lr();
      worker.update();
    }
    rounds_.stepped();
    if (!rounds_.round_ends()) return;
    update_variates(worker);
    rounds_.merge(worker);
    rounds_.next_round(worker);
  }

  void io(Archive& archive, Worker& /*worker*/) override {
    rounds_.io(archive);
    archive.io(own_, all_, moved_);
  }

 private:
  void update_variates(Worker& worker) {
    const at::Tensor change = at::zeros_like(own_);
    if (rounds_.takes_part() && moved_ > 0.0) {
      change.copy_(rounds_.global()).sub_(worker.parameters()).div_(moved_).sub_(all_);
      own_.add_(change);
    }
    worker.comm().all_reduce(change, Reduce::kMean);
    all_.add_(change);
    moved_ = 0.0;
  }

  ClientRounds rounds_;
  at::Tensor own_, all_;  ///< c_k and c, [D]
  double moved_ = 0.0;    ///< sum of the round's step sizes
};

const Register<StrategyEntry> registered{{
    .name = "scaffold",
    .summary = "federated averaging with control variates against drift",
    .source = "Karimireddy et al. 2020, arXiv:1910.06378",
    .rule = "x_k <- x_k - lr (g_k - c_k + c); c_k <- c_k - c + (x_g - x_k) / (H lr); c <- mean of all c_k",
    .cost = "two all-reduces of D elements every H steps",
    .options = ClientRounds::options(),
    .make = [](const Options& options) { return std::make_unique<Scaffold>(options); },
}};

}  // namespace
}  // namespace sac
