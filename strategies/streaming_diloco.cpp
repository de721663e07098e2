#include <ATen/ops/empty_like.h>

#include "engine/core/error.h"
#include "engine/train/compressed_mean.h"
#include "engine/train/outer_optimizer.h"
#include "engine/train/slices.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Streaming DiLoCo: fragments of the model take their outer step in turn, each average travelling behind computation.
/// Source  Douillard et al., "Streaming DiLoCo with overlapping communication", 2025, arXiv:2501.18512.
/// Rule    fragment p of P is sent at steps n H + ceil((p + 1) H / P): D = x_start - x_k. `delay` steps later its outer
///         step, x_start along mean_k D, gives y; x_k <- w x_k + (1 - w) y.
/// Cost    D elements all-reduced (or a codec's bytes of x_k - x_start exchanged) every H steps, in P pieces spread
///         over them, hidden behind `delay` steps.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. P = 1, delay = 0, w = 0 is diloco.
class StreamingDiLoCo final : public Strategy {
 public:
  explicit StreamingDiLoCo(const Options& options)
      : period_(options.integer("period")),
        delay_(options.integer("delay")),
        weight_(options.number("merge_weight")),
        fragments_(static_cast<std::size_t>(options.integer("fragments"))) {
    if (delay_ >= period_) {
      throw ConfigError("strategy 'streaming_diloco': delay = " + std::to_string(delay_) +
                        " must be below period = " + std::to_string(period_) + ", when the fragment travels again");
    }
    for (Fragment& fragment : fragments_) {
      fragment.outer = OuterOptimizer(OuterConfig::of(options, "outer"));
      fragment.mean = CompressedMean(options);
    }
    require_lengths(fragments_.front().mean.compressor(), "streaming_diloco");
    require_one_exchange(fragments_.front().mean, "streaming_diloco");
  }

  [[nodiscard]] Traits traits() const override {
    const CompressedMean& mean = fragments_.front().mean;
    return {.oblivious = mean.oblivious(), .serial_alone = false, .on_death = mean.on_death()};
  }

  void prepare(Worker& worker) override {
    const Slices all({{0, worker.layout().parameter_count()}});
    const auto count = static_cast<std::int64_t>(fragments_.size());
    for (std::int64_t part = 0; part < count; ++part) {
      Fragment& fragment = fragments_[static_cast<std::size_t>(part)];
      fragment.slices = all.part(part, count);
      fragment.outer.prepare(fragment.slices.pack(worker.parameters()));
      fragment.turn = ((part + 1) * period_ + count - 1) / count % period_;
    }
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    const std::int64_t done = worker.step() + 1;
    const bool last = done == worker.total_steps();
    for (Fragment& fragment : fragments_) {
      if (fragment.slices.empty()) continue;
      if (done % period_ == fragment.turn) send(worker, fragment);
      if (fragment.exchange.work && (last || done >= fragment.due)) merge(worker, fragment);
    }
  }

  void io(Archive& archive, Worker& worker) override {
    for (Fragment& fragment : fragments_) {
      archive.io(fragment.outer, fragment.due, fragment.mean);
      fragment.exchange.io(archive, worker.comm());
    }
  }

 private:
  struct Fragment {
    Slices slices{};
    OuterOptimizer outer{{}};
    std::int64_t turn = 0;  ///< of every period: the step after which it is sent
    std::int64_t due = 0;
    CompressedMean mean{};
    CompressedMean::Flight exchange{};  ///< of x_k - x_start
  };

  void send(Worker& worker, Fragment& fragment) const {
    const at::Tensor moved = fragment.slices.pack(worker.parameters()).sub(fragment.outer.start());
    fragment.exchange = fragment.mean.start(worker, worker.comm(), moved, 1.0);
    fragment.due = worker.step() + 1 + delay_;
  }

  void merge(Worker& worker, Fragment& fragment) const {
    const at::Tensor mine = fragment.slices.pack(worker.parameters()).clone();
    const at::Tensor outer = at::empty_like(mine);
    fragment.mean.finish(fragment.exchange, outer);
    fragment.outer.step(outer.add_(fragment.outer.start()));
    fragment.slices.unpack(mine.mul_(weight_).add_(outer, 1.0 - weight_), worker.parameters());
  }

  std::int64_t period_, delay_;
  double weight_;
  std::vector<Fragment> fragments_;
};

std::vector<OptionSpec> options() {
  return joined(
      {{{.name = "period",
         .fallback = std::int64_t{10},
         .doc = "steps between a fragment's averages, H",
         .min = 1,
         .max = 1e9},
        {.name = "fragments", .fallback = std::int64_t{4}, .doc = "pieces of the model, P", .min = 1, .max = 65536},
        {.name = "delay",
         .fallback = std::int64_t{1},
         .doc = "steps between sending and merging",
         .min = 0,
         .max = 1e9},
        {.name = "merge_weight",
         .fallback = 0.5,
         .doc = "share of the local fragment kept at a merge, w",
         .min = 0,
         .max = 1}},
       outer_options(),
       Compressor::options()});
}

const Register<StrategyEntry> registered{{
    .name = "streaming_diloco",
    .summary = "DiLoCo whose fragments travel in turn, behind computation",
    .source = "Douillard et al. 2025, arXiv:2501.18512",
    .rule = "each fragment in turn: D = x_start - mean_k x_k, y <- outer step; later x_k <- w x_k + (1 - w) y",
    .cost = "D elements all-reduced every H steps, in P hidden pieces",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<StreamingDiLoCo>(given); },
}};

}  // namespace
}  // namespace sac
