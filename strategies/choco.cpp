#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>

#include "engine/core/error.h"
#include "engine/train/compressor.h"
#include "engine/train/gossip.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// CHOCO-SGD: neighbours keep copies of one another that compressed differences bring up to date.
/// Source  Koloskova, Stich & Jaggi, "Decentralized Stochastic Optimization and Gossip Algorithms with Compressed
///         Communication", ICML 2019, arXiv:1902.00340.
/// Rule    x_k <- x_k - lr g_k; q_k = C(x_k - c_k) goes to the neighbours; c_j <- c_j + q_j; x_k <- x_k + a sum_j W_kj
///         (c_j - c_k).
/// Cost    one message of a codec's bytes (D elements without one) a neighbour and step.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. Links must not change from step to step.
class Choco final : public Strategy {
 public:
  explicit Choco(const Options& options)
      : topology_(options.text("topology")), rate_(options.number("consensus_rate")), compressor_(options) {
    require_lengths(compressor_, "choco");
    if (compressor_.feeds_back()) {
      throw ConfigError(
          "strategy 'choco' keeps what a codec loses by itself: leave error_feedback = false and take another codec "
          "than dgc");
    }
    if (topology_ == "one_peer_exponential" || topology_ == "random_matching") {
      throw ConfigError("strategy 'choco' keeps copies of fixed neighbours, but topology = \"" + topology_ +
                        "\" changes them every step; choices: ring, torus, exponential, complete");
    }
  }

  [[nodiscard]] Traits traits() const override { return {.oblivious = true}; }

  void prepare(Worker& worker) override {
    mixing_ = Topology(topology_, worker.world_size(), worker.seed()).at(worker.rank(), 0);
    mine_ = at::zeros_like(worker.parameters());
    theirs_ = at::zeros_like(mine_);
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    const at::Tensor& x = worker.parameters();
    at::Tensor message = x.sub(mine_);
    if (compressor_.active()) message = compressor_.encode(worker, message, 1.0);
    Gossip gossip(worker, mixing_, message);
    add_to(mine_, message, 1.0);
    const std::vector<at::Tensor>& received = gossip.receive();
    for (std::size_t i = 0; i < received.size(); ++i) add_to(theirs_, received[i], mixing_.in[i].weight);
    x.add_(theirs_, rate_).add_(mine_, -rate_ * (1.0 - mixing_.self));
  }

  void io(Archive& archive, Worker& /*worker*/) override {
    archive.io(mine_, theirs_);
    compressor_.io(archive);
  }

 private:
  void add_to(const at::Tensor& copy, const at::Tensor& message, double weight) const {
    if (!compressor_.active()) {
      copy.add_(message, weight);
      return;
    }
    const at::Tensor difference = at::empty_like(copy);
    compressor_.decode(message, difference);
    copy.add_(difference, weight);
  }

  std::string topology_;
  double rate_;
  Compressor compressor_;
  Mixing mixing_;
  at::Tensor mine_;    ///< c_k, [D]
  at::Tensor theirs_;  ///< sum over neighbours of W_kj c_j, [D]
};

std::vector<OptionSpec> options() {
  return joined({{Topology::option("ring"),
                  {.name = "consensus_rate",
                   .fallback = 0.5,
                   .doc = "step towards the neighbours' copies, a",
                   .min = 0,
                   .max = 1}},
                 Compressor::options()});
}

const Register<StrategyEntry> registered{{
    .name = "choco",
    .summary = "gossip of compressed differences to copies that neighbours keep",
    .source = "Koloskova, Stich & Jaggi 2019, arXiv:1902.00340",
    .rule = "x_k <- x_k - lr g_k; c_j <- c_j + C(x_j - c_j); x_k <- x_k + a sum_j W_kj (c_j - c_k)",
    .cost = "one message of a codec's bytes a neighbour and step",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<Choco>(given); },
}};

}  // namespace
}  // namespace sac
