#include <ATen/ops/zeros_like.h>

#include "engine/train/strategy.h"

namespace sac {
namespace {

/// A passive worker's model, which others average with at any time: a gradient comes from its worker, a model from
/// anybody else.
class OpenReplica final : public ServerRule {
 public:
  explicit OpenReplica(const ServerSetup& setup)
      : owner_(setup.shard),
        parameters_(setup.parameters),
        gradient_(at::zeros_like(parameters_)),
        optimizer_(setup.optimizer(parameters_, gradient_)) {}

  bool apply(const ServerUpdate& update) override {
    if (update.worker != owner_) {
      parameters_.add_(update.value).div_(2.0);
      return true;
    }
    gradient_.copy_(update.value);
    optimizer_->step(update.note.lr);
    return true;
  }

  void io(Archive& archive) override {
    std::int64_t updates = optimizer_->steps_done();
    archive.io(updates);
    for (const at::Tensor& state : optimizer_->state()) archive.io_in_place(state);
    if (archive.reading()) optimizer_->set_steps_done(updates);
  }

 private:
  int owner_;
  at::Tensor parameters_, gradient_;
  std::unique_ptr<Optimizer> optimizer_;
};

/// AD-PSGD: workers average with one random peer at a time, and nobody waits for anybody's computation.
/// Source  Lian et al., "Asynchronous Decentralized Parallel Stochastic Gradient Descent", ICML 2018, arXiv:1710.06952.
/// Rule    ranks are active (odd) or passive (even), as the paper has it against deadlocks. Active k, after its
///         gradient: a random passive j; x_j and x_k <- (x_j + x_k) / 2 at once; x_k <- x_k - lr g_k. A passive j's
///         model lies open beside it: x_j <- x_j - lr g_j(what it read before), averages having come in between.
/// Cost    an active worker sends D elements a step to its peer and takes D; a passive one exchanges them with itself.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides. Models are exchanged,
///         not differences: no codecs (choco has them). Staleness is that of rank 0's gradients.
class AdPsgd final : public Strategy {
 public:
  [[nodiscard]] Traits traits() const override {
    return {
        .server = true, .replicated = true, .deterministic = false, .oblivious = true, .on_death = OnDeath::kGoesOn};
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    if (worker.rank() % 2 == 0) {
      exchange(worker, worker.rank(), worker.gradients());
    } else {
      const int passive = (worker.world_size() + 1) / 2;
      exchange(worker, 2 * static_cast<int>(worker.random().below(static_cast<std::uint64_t>(passive))),
               worker.parameters());
      worker.update();
    }
  }

  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override { return std::make_unique<OpenReplica>(setup); }

 private:
  /// parameters() become those of `peer`, once it has taken `message` in.
  static void exchange(Worker& worker, int peer, const at::Tensor& message) {
    std::vector<at::Tensor> messages(static_cast<std::size_t>(worker.server().shards())), answers(messages.size());
    messages[static_cast<std::size_t>(peer)] = message;
    answers[static_cast<std::size_t>(peer)] = worker.parameters();
    worker.server().exchange(messages, {.lr = worker.lr()}, answers);
  }
};

const Register<StrategyEntry> registered{{
    .name = "ad_psgd",
    .summary = "workers average with one random peer at a time, asynchronously",
    .source = "Lian et al. 2018, arXiv:1710.06952",
    .rule = "x_j, x_k <- (x_j + x_k) / 2 with a random peer j; x_k <- x_k - lr g_k(what k read before)",
    .cost = "one message of D elements to a peer and one back a step, of every second worker",
    .options = {},
    .make = [](const Options& /*options*/) { return std::make_unique<AdPsgd>(); },
}};

}  // namespace
}  // namespace sac
