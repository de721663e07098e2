#include "engine/train/client_rounds.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// FedProx: federated averaging whose clients are held near the global model.
/// Source  Li et al., "Federated Optimization in Heterogeneous Networks", MLSys 2020, arXiv:1812.06127.
/// Rule    as fedavg, with g_k + mu (x_k - x_g) in place of g_k.
/// Cost    a client of the round: D elements (or a codec's bytes) to the server and D back every H steps; the others
///         are idle and send nothing.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. Evaluated at the server's model.
class FedProx final : public Strategy {
 public:
  explicit FedProx(const Options& options) : rounds_(options, "fedprox"), mu_(options.number("mu")) {}

  [[nodiscard]] Traits traits() const override { return rounds_.traits(mu_ == 0.0); }

  void prepare(Worker& worker) override { rounds_.prepare(worker); }

  void step(Worker& worker) override {
    rounds_.begin(worker);
    if (rounds_.takes_part()) {
      worker.compute_gradients();
      worker.gradients().add_(worker.parameters().sub(rounds_.global()), mu_);
      worker.update();
    }
    if (rounds_.ends(worker)) rounds_.close(worker);
  }

  ConsensusShare consensus(Worker& /*worker*/) override { return ConsensusShare::server(); }
  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override { return rounds_.serve(setup); }

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
    .cost = "D elements (or a codec's bytes) to the server and D back every H steps, of a round's clients",
    .options = joined({{{.name = "mu", .fallback = 0.01, .doc = "pull to the global model", .min = 0, .max = 1e6}},
                       ClientRounds::options()}),
    .make = [](const Options& options) { return std::make_unique<FedProx>(options); },
}};

}  // namespace
}  // namespace sac
