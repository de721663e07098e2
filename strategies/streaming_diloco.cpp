#include "engine/core/error.h"
#include "engine/train/outer_optimizer.h"
#include "engine/train/slices.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Streaming DiLoCo: fragments of the model take their outer step in turn, each average travelling behind computation.
/// Source  Douillard et al., "Streaming DiLoCo with overlapping communication", 2025, arXiv:2501.18512.
/// Rule    fragment p of P is sent at steps n H + ceil((p + 1) H / P): D = x_start - x_k. `delay` steps later its outer
///         step, x_start along mean_k D, gives y; x_k <- w x_k + (1 - w) y.
/// Cost    D elements all-reduced every H steps, in P pieces spread over them, hidden behind `delay` steps.
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
      fragment.outer = OuterOptimizer({.rule = options.text("outer_optimizer"),
                                       .lr = options.number("outer_lr"),
                                       .momentum = options.number("outer_momentum")});
    }
  }

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = true, .serial_alone = false, .on_death = OnDeath::kCanGoOn};
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
      if (fragment.work && (last || done >= fragment.due)) merge(worker, fragment);
    }
  }

  void io(Archive& archive, Worker& worker) override {
    for (Fragment& fragment : fragments_) {
      std::int64_t id = fragment.work ? fragment.work->id() : kIdle;
      archive.io(fragment.outer, fragment.due, fragment.mean, id);
      if (archive.reading() && id != kIdle) fragment.work = worker.comm().reattach(id, fragment.mean);
    }
  }

 private:
  static constexpr std::int64_t kIdle = -1;
  struct Fragment {
    Slices slices{};
    OuterOptimizer outer{{}};
    std::int64_t turn = 0;  ///< of every period: the step after which it is sent
    std::int64_t due = 0;
    at::Tensor mean{};  ///< becomes the mean replica
    WorkPtr work{};
  };

  void send(Worker& worker, Fragment& fragment) const {
    fragment.mean = fragment.slices.pack(worker.parameters()).clone();
    fragment.work = worker.comm().all_reduce_async(fragment.mean, Reduce::kMean);
    fragment.due = worker.step() + 1 + delay_;
  }

  void merge(Worker& worker, Fragment& fragment) const {
    fragment.work->wait();
    fragment.work.reset();
    fragment.outer.step(fragment.mean);
    const at::Tensor mine = fragment.slices.pack(worker.parameters()).clone();
    fragment.slices.unpack(mine.mul_(weight_).add_(fragment.mean, 1.0 - weight_), worker.parameters());
  }

  std::int64_t period_, delay_;
  double weight_;
  std::vector<Fragment> fragments_;
};

std::vector<OptionSpec> options() {
  return {
      {.name = "period",
       .fallback = std::int64_t{10},
       .doc = "steps between a fragment's averages, H",
       .min = 1,
       .max = 1e9},
      {.name = "fragments", .fallback = std::int64_t{4}, .doc = "pieces of the model, P", .min = 1, .max = 65536},
      {.name = "delay", .fallback = std::int64_t{1}, .doc = "steps between sending and merging", .min = 0, .max = 1e9},
      {.name = "merge_weight",
       .fallback = 0.5,
       .doc = "share of the local fragment kept at a merge, w",
       .min = 0,
       .max = 1},
      {.name = "outer_optimizer",
       .fallback = std::string("nesterov"),
       .doc = "what steps over whole periods",
       .choices = {"sgd", "nesterov", "adam"}},
      {.name = "outer_lr", .fallback = 0.7, .doc = "its step size", .min = 0, .max = 1e6},
      {.name = "outer_momentum", .fallback = 0.9, .doc = "its momentum; adam: beta_1", .min = 0, .max = 1},
  };
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
