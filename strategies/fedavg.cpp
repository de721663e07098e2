#include "engine/train/client_rounds.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Federated averaging: a share of the clients trains for a round, the mean of their models is the next one's start.
/// Source  McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS 2017,
///         arXiv:1602.05629.
/// Rule    m = C K clients a round: H steps x_k <- x_k - lr g_k from x_g; x_g <- mean over them of x_k.
/// Cost    a client of the round: D elements (or a codec's bytes) to the server and D back every H steps; the others
///         are idle and send nothing.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. Evaluated at the server's model.
class FedAvg final : public Strategy {
 public:
  explicit FedAvg(const Options& options) : rounds_(options, "fedavg") {}

  [[nodiscard]] Traits traits() const override { return rounds_.traits(true); }

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
  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override { return rounds_.serve(setup); }

  void io(Archive& archive, Worker& /*worker*/) override { rounds_.io(archive); }

 private:
  ClientRounds rounds_;
};

const Register<StrategyEntry> registered{{
    .name = "fedavg",
    .summary = "a share of the clients trains for a round, then all take their mean",
    .source = "McMahan et al. 2017, arXiv:1602.05629",
    .rule = "C K clients: H steps x_k <- x_k - lr g_k from x_g; x_g <- mean of their x_k",
    .cost = "D elements (or a codec's bytes) to the server and D back every H steps, of a round's clients",
    .options = ClientRounds::options(),
    .make = [](const Options& options) { return std::make_unique<FedAvg>(options); },
}};

}  // namespace
}  // namespace sac
