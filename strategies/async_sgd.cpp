#include <ATen/ops/empty_like.h>

#include "engine/train/strategy.h"

namespace sac {
namespace {

/// The server's side: the run's optimiser, driven by gradients as they arrive.
class OptimizerRule final : public ServerRule {
 public:
  OptimizerRule(const at::Tensor& parameters, const OptimizerFactory& make)
      : gradient_(at::empty_like(parameters)), optimizer_(make(parameters, gradient_)) {}

  void apply(const ServerUpdate& update) override {
    gradient_.copy_(update.value);
    optimizer_->step(update.lr);
  }

  void io(Archive& archive) override {
    for (const at::Tensor& state : optimizer_->state()) archive.io_in_place(state);
    std::int64_t updates = optimizer_->steps_done();
    archive.io(updates);
    if (archive.reading()) optimizer_->set_steps_done(updates);
  }

 private:
  at::Tensor gradient_;
  std::unique_ptr<Optimizer> optimizer_;
};

/// Asynchronous SGD: workers send gradients to a server that applies each as it arrives.
/// Source  Dean et al., "Large Scale Distributed Deep Networks" (Downpour), NIPS 2012.
/// Rule    at the server x <- x - lr g_k(x at k's last pull); the worker pulls with the answer to its push.
/// Cost    2 messages a shard, step and worker: D elements to the server, D back.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides.
class AsyncSgd final : public Strategy {
 public:
  [[nodiscard]] Traits traits() const override { return {.server = true, .deterministic = false, .oblivious = true}; }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.server().push_pull(worker.gradients(), worker.lr(), worker.parameters());
  }

  ConsensusShare consensus(Worker& worker) override {
    (void)worker;
    return ConsensusShare::server();
  }

  std::unique_ptr<ServerRule> serve(const at::Tensor& parameters, const OptimizerFactory& optimizer) override {
    return std::make_unique<OptimizerRule>(parameters, optimizer);
  }
};

const Register<StrategyEntry> registered{{
    .name = "async_sgd",
    .summary = "a parameter server applies each gradient as it arrives",
    .source = "Dean et al. 2012 (Downpour SGD)",
    .rule = "server: x <- x - lr g_k(x_pulled by k)",
    .cost = "2 messages a shard, D elements to the server and D back a step and worker",
    .options = {},
    .make = [](const Options&) { return std::make_unique<AsyncSgd>(); },
}};

}  // namespace
}  // namespace sac
