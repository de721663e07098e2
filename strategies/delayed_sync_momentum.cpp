#include "engine/core/error.h"
#include "engine/train/delayed_merge.h"
#include "engine/train/period.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Delayed synchronisation of model and optimiser state (DaSGD, with momentum).
/// Source  Zhou et al., "DaSGD: Squeezing SGD Parallelization Performance in Distributed Training Using Delayed
///         Averaging", 2020, arXiv:2006.00441.
/// Rule    at step n T an all-reduce of x and of the optimiser's state v starts; d steps later x_k <- x_k + (mean_j s_j
///         - s_k), s what was sent, and v likewise.
/// Cost    one all-reduce of D elements (or an exchange of a codec's bytes), and one of D a state tensor, every T
///         steps, hidden behind d steps of computation. A codec sends x as its difference from the last mean that
///         landed.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. d = 0 is local_sgd with buffers = "average".
class DelayedSyncMomentum final : public Strategy {
 public:
  explicit DelayedSyncMomentum(const Options& options)
      : period_(options), delayed_(options.integer("delay"), options, "delayed_sync_momentum") {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = period_.oblivious() && delayed_.oblivious(),
            .serial_alone = delayed_.exact(),
            .on_death = delayed_.on_death()};
  }

  void prepare(Worker& worker) override {
    all_ = Slices({{0, worker.layout().parameter_count()}});
    period_.prepare(worker, all_);
    delayed_.agree(worker);
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    if (period_.due(worker, all_)) {
      delayed_.send_with_state(worker);
      period_.averaged(worker, all_);
    }
    delayed_.merge_due(worker);
  }

  void io(Archive& archive, Worker& worker) override {
    period_.io(archive);
    delayed_.io(archive, worker);
  }

 private:
  PeriodSchedule period_;
  DelayedMerge delayed_;
  Slices all_;
};

std::vector<OptionSpec> options() {
  return joined({{{.name = "delay",
                   .fallback = std::int64_t{2},
                   .doc = "steps between sending and merging, d",
                   .min = 0,
                   .max = 1e6}},
                 PeriodSchedule::options(10),
                 Compressor::options()});
}

const Register<StrategyEntry> registered{{
    .name = "delayed_sync_momentum",
    .summary = "averages of model and optimiser state that land d steps after they began",
    .source = "Zhou et al. 2020, arXiv:2006.00441 (DaSGD)",
    .rule = "at n T send s_k = (x_k, v_k); d steps later (x_k, v_k) <- (x_k, v_k) + mean_j s_j - s_k",
    .cost = "one all-reduce of D elements, and one a state tensor, every T steps, hidden",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<DelayedSyncMomentum>(given); },
}};

}  // namespace
}  // namespace sac
