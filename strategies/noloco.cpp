#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>

#include "engine/train/gossip.h"
#include "engine/train/period.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// NoLoCo: DiLoCo without all-reduces, outer steps of random pairs with a momentum that also pulls them together.
/// Source  Kolehmainen et al., "NoLoCo: No-all-reduce Low Communication Training Method for Large Models", 2025,
///         arXiv:2506.10911.
/// Rule    H local steps from y_k to x_k; with a random partner d_k <- a d_k + b mean(x - y) - c (y_k - mean y), means
///         over the pair; y_k <- y_k + d_k; x_k <- y_k.
///         a = 0.5, b = 0.7, and c = b as in the authors' runs (H = 50 there).
/// Cost    one message of 2 D elements every H steps.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. a = 0, b = c = 1 averages the pair's models.
class NoLoCo final : public Strategy {
 public:
  explicit NoLoCo(const Options& options)
      : momentum_(options.number("outer_momentum")),
        lr_(options.number("outer_lr")),
        pull_(options.number("consensus_rate")),
        period_(options) {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = period_.oblivious(), .serial_alone = false, .on_death = OnDeath::kGoesOn};
  }

  void prepare(Worker& worker) override {
    all_ = Slices({{0, worker.layout().parameter_count()}});
    start_ = worker.parameters().clone();
    velocity_ = at::zeros_like(start_);
    period_.prepare(worker, all_);
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    if (!period_.due(worker, all_)) return;
    outer_step(worker);
    period_.averaged(worker, all_);
  }

  void io(Archive& archive, Worker& /*worker*/) override {
    archive.io(rounds_, start_, velocity_);
    period_.io(archive);
  }

 private:
  void outer_step(Worker& worker) {
    const at::Tensor& x = worker.parameters();
    const at::Tensor pair = at::cat({x.sub(start_), start_});
    mix(worker, Topology("random_matching", worker.world_size(), worker.seed()).at(worker.rank(), rounds_++), pair);
    const std::int64_t count = x.numel();
    velocity_.mul_(momentum_).add_(pair.narrow(0, 0, count), lr_);
    velocity_.add_(pair.narrow(0, count, count).sub_(start_), pull_);
    start_.add_(velocity_);
    x.copy_(start_);
  }

  double momentum_, lr_, pull_;
  PeriodSchedule period_;
  Slices all_;
  std::int64_t rounds_ = 0;
  at::Tensor start_, velocity_;  ///< y_k and d_k, [D]
};

std::vector<OptionSpec> options() {
  return joined(
      {{{.name = "outer_lr", .fallback = 0.7, .doc = "of the pair's progress, b", .min = 0, .max = 1e6},
        {.name = "outer_momentum", .fallback = 0.5, .doc = "kept of the last step, a", .min = 0, .max = 1},
        {.name = "consensus_rate", .fallback = 0.7, .doc = "pull of the pair together, c", .min = 0, .max = 2}},
       PeriodSchedule::options(10)});
}

const Register<StrategyEntry> registered{{
    .name = "noloco",
    .summary = "DiLoCo without all-reduces: outer steps of random pairs",
    .source = "Kolehmainen et al. 2025, arXiv:2506.10911",
    .rule = "d_k <- a d_k + b mean(x - y) - c (y_k - mean y), means over a random pair; x_k <- y_k <- y_k + d_k",
    .cost = "one message of 2 D elements every H steps",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<NoLoCo>(given); },
}};

}  // namespace
}  // namespace sac
