#include "engine/train/client_rounds.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// FedProx: federated averaging whose clients are held near the global model.
/// Source  Li et al., "Federated Optimization in Heterogeneous Networks", MLSys 2020, arXiv:1812.06127.
/// Rule    as fedavg, with g_k + mu (x_k - x_g) in place of g_k.
/// Cost    one all-reduce of D elements (or an exchange of a codec's bytes) every H steps, of all K workers.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class FedProx final : public Strategy {
 public:
  explicit FedProx(const Options& options) : rounds_(options, "fedprox"), mu_(options.number("mu")) {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = rounds_.oblivious(), .serial_alone = rounds_.exact() && mu_ == 0.0};
  }

  void prepare(Worker& worker) override { rounds_.prepare(worker); }

  void step(Worker& worker) override {
    if (rounds_.takes_part()) {
      worker.compute_gradients();
      worker.gradients().add_(worker.parameters().sub(rounds_.global()), mu_);
      worker.update();
    }
    rounds_.stepped();
    if (!rounds_.round_ends()) return;
    rounds_.merge(worker);
    rounds_.next_round(worker);
  }

  void io(Archive& archive, Worker& /*worker*/) override { rounds_.io(archive); }

 private:
  ClientRounds rounds_;
  double mu_;
};

const Register<StrategyEntry> registered{{
    .name = "fedprox",
    .summary = "federated averaging whose clients are held near the global model",
    .source = "Li et al. 2020, arXiv:1812.06127",
    .rule = "as fedavg with x_k <- x_k - lr (g_k + mu (x_k - x_g))",
    .cost = "one all-reduce of D elements every H steps",
    .options = joined({{{.name = "mu", .fallback = 0.01, .doc = "pull to the global model", .min = 0, .max = 1e6}},
                       ClientRounds::options()}),
    .make = [](const Options& options) { return std::make_unique<FedProx>(options); },
}};

}  // namespace
}  // namespace sac
