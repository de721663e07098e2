#include "engine/train/client_rounds.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Federated averaging: a share of the clients trains for a round, the mean of their models is the next one's start.
/// Source  McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS 2017,
///         arXiv:1602.05629.
/// Rule    m = C K clients a round: H steps x_k <- x_k - lr g_k from x_g; x_g <- mean over them of x_k.
/// Cost    one all-reduce of D elements (or an exchange of a codec's bytes) every H steps, of all K workers.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class FedAvg final : public Strategy {
 public:
  explicit FedAvg(const Options& options) : rounds_(options, "fedavg") {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = rounds_.oblivious(), .serial_alone = rounds_.exact()};
  }

  void prepare(Worker& worker) override { rounds_.prepare(worker); }

  void step(Worker& worker) override {
    if (rounds_.takes_part()) {
      worker.compute_gradients();
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
};

const Register<StrategyEntry> registered{{
    .name = "fedavg",
    .summary = "a share of the clients trains for a round, then all take their mean",
    .source = "McMahan et al. 2017, arXiv:1602.05629",
    .rule = "C K clients: H steps x_k <- x_k - lr g_k from x_g; x_g <- mean of their x_k",
    .cost = "one all-reduce of D elements every H steps",
    .options = ClientRounds::options(),
    .make = [](const Options& options) { return std::make_unique<FedAvg>(options); },
}};

}  // namespace
}  // namespace sac
