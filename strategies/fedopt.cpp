#include "engine/train/client_rounds.h"
#include "engine/train/outer_optimizer.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// FedOpt: federated averaging whose global model is moved by an optimiser: FedAdam, or FedAvgM with sgd.
/// Source  Reddi et al., "Adaptive Federated Optimization", ICLR 2021, arXiv:2003.00295.
/// Rule    as fedavg; D = x_g - mean of the clients' x_k; x_g <- server optimiser's step along D.
/// Cost    one all-reduce of D elements (or an exchange of a codec's bytes) every H steps, of all K workers.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class FedOpt final : public Strategy {
 public:
  explicit FedOpt(const Options& options)
      : rounds_(options, "fedopt"),
        outer_({.rule = options.text("server_optimizer"),
                .lr = options.number("server_lr"),
                .momentum = options.number("server_momentum")}) {}

  [[nodiscard]] Traits traits() const override { return {.oblivious = rounds_.oblivious(), .serial_alone = false}; }

  void prepare(Worker& worker) override {
    rounds_.prepare(worker);
    outer_.prepare(worker.parameters());
  }

  void step(Worker& worker) override {
    if (rounds_.takes_part()) {
      worker.compute_gradients();
      worker.update();
    }
    rounds_.stepped();
    if (!rounds_.round_ends()) return;
    rounds_.merge(worker);
    outer_.step(worker.parameters());
    rounds_.next_round(worker);
  }

  void io(Archive& archive, Worker& /*worker*/) override {
    rounds_.io(archive);
    outer_.io(archive);
  }

 private:
  ClientRounds rounds_;
  OuterOptimizer outer_;
};

const Register<StrategyEntry> registered{{
    .name = "fedopt",
    .summary = "federated averaging whose global model is moved by Adam",
    .source = "Reddi et al. 2021, arXiv:2003.00295",
    .rule = "D = x_g - mean of the clients' x_k; x_g <- server optimiser's step along D",
    .cost = "one all-reduce of D elements every H steps",
    .options =
        joined({{{.name = "server_optimizer",
                  .fallback = std::string("adam"),
                  .doc = "what moves the global model",
                  .choices = {"sgd", "nesterov", "adam"}},
                 {.name = "server_lr", .fallback = 0.01, .doc = "its step size", .min = 0, .max = 1e6},
                 {.name = "server_momentum", .fallback = 0.9, .doc = "its momentum; adam: beta_1", .min = 0, .max = 1}},
                ClientRounds::options()}),
    .make = [](const Options& options) { return std::make_unique<FedOpt>(options); },
}};

}  // namespace
}  // namespace sac
