#include <ATen/ops/zeros_like.h>

#include "engine/train/async_client.h"
#include "engine/train/outer_optimizer.h"

namespace sac {
namespace {

/// The server of FedBuff: collects differences and steps along the mean of a full buffer.
class BufferedModel final : public ServerRule {
 public:
  BufferedModel(const Options& options, const ServerSetup& setup)
      : size_(options.integer("buffer")),
        weight_(options),
        pushes_(options, setup),
        outer_(OuterConfig::of(options, "server")),
        parameters_(setup.parameters),
        sum_(at::zeros_like(parameters_)) {
    outer_.prepare(parameters_);
  }

  bool apply(const ServerUpdate& update) override {
    sum_.add_(pushes_.read(update), weight_.of(update.staleness));
    if (++collected_ < size_) return false;
    parameters_.add_(sum_.div_(static_cast<double>(size_)));
    outer_.step(parameters_);
    sum_.zero_();
    collected_ = 0;
    return true;
  }
  void io(Archive& archive) override { archive.io(pushes_, outer_, sum_, collected_); }

 private:
  std::int64_t size_;
  StalenessWeight weight_;
  ReceivedPushes pushes_;
  OuterOptimizer outer_;
  at::Tensor parameters_, sum_;
  std::int64_t collected_ = 0;
};

/// FedBuff: clients train from the server's model in their own time; the server steps once M differences have come.
/// Source  Nguyen et al., "Federated Learning with Buffered Asynchronous Aggregation", AISTATS 2022, arXiv:2106.06639.
/// Rule    client: H steps x_k <- x_k - lr g_k from x_read, sends d = x_k - x_read; server: D = mean of M s(tau) d;
///         x <- x + server_lr D, or the server optimiser's step. s = 1 / sqrt(1 + tau) by default.
/// Cost    2 messages a shard: D elements (or a codec's bytes) to the server, D back, every H steps and worker.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides. A buffer that is not
///         full when the run ends is not used.
class FedBuff final : public AsyncClient {
 public:
  explicit FedBuff(const Options& options) : AsyncClient(options, "fedbuff") {}

  [[nodiscard]] Traits traits() const override {
    Traits traits = AsyncClient::traits();
    const bool plain = given().text("server_optimizer") == "sgd" && given().number("server_momentum") == 0.0;
    traits.serial_alone = exact() && plain && given().number("server_lr") == 1.0 && given().integer("buffer") == 1;
    return traits;
  }
  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override {
    return std::make_unique<BufferedModel>(given(), setup);
  }
};

std::vector<OptionSpec> options() {
  return joined(
      {{{.name = "buffer", .fallback = std::int64_t{4}, .doc = "differences a server step, M", .min = 1, .max = 65536}},
       OuterConfig::options("server", "what moves the server's model", {.rule = "sgd", .lr = 1.0, .momentum = 0.0}),
       AsyncClient::options("polynomial")});
}

const Register<StrategyEntry> registered{{
    .name = "fedbuff",
    .summary = "a server steps along the mean of every M differences that clients send in their own time",
    .source = "Nguyen et al. 2022, arXiv:2106.06639",
    .rule = "H steps x_k <- x_k - lr g_k from x_read; server, every M: x <- x + server_lr mean s(tau) (x_k - x_read)",
    .cost = "2 messages a shard, D elements (or a codec's bytes) to the server and D back every H steps and worker",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<FedBuff>(given); },
}};

}  // namespace
}  // namespace sac
