#include "engine/train/client_rounds.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// FedOpt: federated averaging whose global model is moved by an optimiser: FedAdam, or FedAvgM with sgd.
/// Source  Reddi et al., "Adaptive Federated Optimization", ICLR 2021, arXiv:2003.00295.
/// Rule    as fedavg; D = x_g - mean of the clients' x_k; x_g <- server optimiser's step along D.
/// Cost    a client of the round: D elements (or a codec's bytes) to the server and D back every H steps; the others
///         are idle and send nothing.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. Evaluated at the server's model.
class FedOpt final : public Strategy {
 public:
  explicit FedOpt(const Options& options) : rounds_(options, "fedopt"), outer_(OuterConfig::of(options, "server")) {}

  [[nodiscard]] Traits traits() const override { return rounds_.traits(false); }

  void prepare(Worker& worker) override { rounds_.prepare(worker); }

  void step(Worker& worker) override {
    rounds_.begin(worker);
    if (rounds_.takes_part()) {
      worker.compute_gradients();
      worker.update();
    }
    if (rounds_.ends(worker)) rounds_.close(worker);
  }

  ConsensusShare consensus(Worker& /*worker*/) override { return ConsensusShare::server(); }
  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override { return rounds_.serve(setup, outer_); }
  void io(Archive& archive, Worker& /*worker*/) override { rounds_.io(archive); }

 private:
  ClientRounds rounds_;
  OuterConfig outer_;
};

const Register<StrategyEntry> registered{{
    .name = "fedopt",
    .summary = "federated averaging whose global model is moved by Adam",
    .source = "Reddi et al. 2021, arXiv:2003.00295",
    .rule = "D = x_g - mean of the clients' x_k; x_g <- server optimiser's step along D",
    .cost = "D elements (or a codec's bytes) to the server and D back every H steps, of a round's clients",
    .options = joined(
        {OuterConfig::options("server", "what moves the server's model", {.rule = "adam", .lr = 0.01, .momentum = 0.9}),
         ClientRounds::options()}),
    .make = [](const Options& options) { return std::make_unique<FedOpt>(options); },
}};

}  // namespace
}  // namespace sac
