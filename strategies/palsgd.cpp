#include "engine/train/averaging.h"
#include "engine/train/outer_optimizer.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Pseudo-asynchronous local SGD: DiLoCo whose workers, at random steps, pull themselves back to where the period began
/// instead of computing a gradient. Such a step costs neither computation nor messages, and draws no mini-batch.
/// Source  Naganuma et al., "Pseudo-Asynchronous Local SGD: Robust and Efficient Data-Parallel Training", 2025,
///         arXiv:2504.18454. The inner optimiser is the run's.
/// Rule    each worker and step: with probability p, x_k <- x_k - (lr / p) pull (x_k - x_start); else the inner
///         optimiser's step with lr / (1 - p). Every H steps D = x_start - mean_k x_k; x <- outer step along D.
/// Cost    one all-reduce of D elements (or a codec's bytes) every H steps; (1 - p) of the computation.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. p = 0 is diloco.
class PalSgd final : public Strategy {
 public:
  explicit PalSgd(const Options& options)
      : probability_(options.number("probability")),
        pull_(options.number("pull")),
        averaging_(options, "palsgd"),
        outer_(OuterConfig::of(options, "outer")) {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = averaging_.oblivious(),
            .serial_alone = false,
            .every_step = probability_ == 0.0,
            .on_death = averaging_.on_death()};
  }

  void prepare(Worker& worker) override {
    averaging_.prepare(worker);
    outer_.prepare(worker.parameters());
  }

  void step(Worker& worker) override {
    if (probability_ > 0.0 && worker.random().uniform() < probability_) {
      const at::Tensor& x = worker.parameters();
      x.sub_(x.sub(outer_.start()), worker.lr() / probability_ * pull_);
    } else {
      worker.compute_gradients();
      worker.optimizer().step(worker.lr() / (1.0 - probability_));
    }
    averaging_.after_update(worker, [&] { outer_.step(worker.parameters()); });
  }

  void io(Archive& archive, Worker& /*worker*/) override {
    averaging_.io(archive);
    outer_.io(archive);
  }

 private:
  double probability_, pull_;
  Averaging averaging_;
  OuterOptimizer outer_;
};

std::vector<OptionSpec> options() {
  return joined(
      {{{.name = "probability", .fallback = 0.1, .doc = "of a step back, p", .min = 0, .max = kBelowOne},
        {.name = "pull", .fallback = 0.5, .doc = "of a step back to the period's start", .min = 0, .max = 1e6}},
       outer_options(),
       Averaging::options(10)});
}

const Register<StrategyEntry> registered{{
    .name = "palsgd",
    .summary = "DiLoCo whose workers step back towards the period's start at random, instead of computing",
    .source = "Naganuma et al. 2025, arXiv:2504.18454",
    .rule = "with probability p x_k <- x_k - (lr / p) pull (x_k - x_start), else a step with lr / (1 - p); then diloco",
    .cost = "one all-reduce of D elements every H steps",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<PalSgd>(given); },
}};

}  // namespace
}  // namespace sac
