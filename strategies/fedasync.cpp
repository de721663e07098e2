#include "engine/train/async_client.h"

namespace sac {
namespace {

/// The server of FedAsync: mixes each client's model into its own as it arrives. Keeps one copy of the model a client.
class MixedModel final : public ServerRule {
 public:
  MixedModel(const Options& options, const ServerSetup& setup)
      : alpha_(options.number("alpha")),
        weight_(options),
        pushes_(options, setup),
        parameters_(setup.parameters),
        copies_(static_cast<std::size_t>(setup.workers), setup.parameters.clone()) {}

  bool apply(const ServerUpdate& update) override {
    const double share = alpha_ * weight_.of(update.staleness);
    at::Tensor theirs = copies_[static_cast<std::size_t>(update.worker)].add(pushes_.read(update));
    parameters_.add_(theirs.sub_(parameters_), share);
    return true;
  }
  void read(int worker) override { copies_[static_cast<std::size_t>(worker)] = parameters_.clone(); }
  void io(Archive& archive) override { archive.io(pushes_, copies_); }

 private:
  double alpha_;
  StalenessWeight weight_;
  ReceivedPushes pushes_;
  at::Tensor parameters_;
  std::vector<at::Tensor> copies_;  ///< x_read of each worker
};

/// FedAsync: clients train from the server's model in their own time; the server mixes in each model as it comes, the
/// later the less.
/// Source  Xie, Koyejo & Gupta, "Asynchronous Federated Optimization", 2019, arXiv:1903.03934.
/// Rule    client: H steps x_k <- x_k - lr g_k (the paper's proximal term is 0); server: x <- x + a s(tau)
///         (x_k - x), s constant, (1 + tau)^-a or a hinge. What is sent is x_k - x_read.
/// Cost    2 messages a shard: D elements (or a codec's bytes) to the server, D back, every H steps and worker.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides.
class FedAsync final : public AsyncClient {
 public:
  explicit FedAsync(const Options& options) : AsyncClient(options, "fedasync") {}

  [[nodiscard]] Traits traits() const override {
    Traits traits = AsyncClient::traits();
    traits.serial_alone = exact() && given().number("alpha") == 1.0;
    return traits;
  }
  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override {
    return std::make_unique<MixedModel>(given(), setup);
  }
};

const Register<StrategyEntry> registered{{
    .name = "fedasync",
    .summary = "a server mixes in each client's model as it comes, the later the less",
    .source = "Xie, Koyejo & Gupta 2019, arXiv:1903.03934",
    .rule = "H steps x_k <- x_k - lr g_k from x_read; server: x <- x + alpha s(tau) (x_k - x)",
    .cost = "2 messages a shard, D elements (or a codec's bytes) to the server and D back every H steps and worker",
    .options =
        joined({{{.name = "alpha", .fallback = 0.6, .doc = "share of a client's model at tau = 0", .min = 0, .max = 1}},
                AsyncClient::options("polynomial")}),
    .make = [](const Options& options) { return std::make_unique<FedAsync>(options); },
}};

}  // namespace
}  // namespace sac
