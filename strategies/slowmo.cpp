#include "engine/train/averaging.h"
#include "engine/train/outer_optimizer.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// SlowMo: local SGD with a slow momentum over whole periods.
/// Source  Wang et al., "SlowMo", ICLR 2020, arXiv:1910.00643.
/// Rule    local SGD; after an average u <- b u + (x_start - mean)/lr; x <- x_start - a lr u.
/// Cost    as local_sgd: the slow momentum is computed alike by every rank.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. With b = 0, a = 1 it is local_sgd; alone,
///         with b = 0, Lookahead.
class SlowMo final : public Strategy {
 public:
  explicit SlowMo(const Options& options)
      : averaging_(options, "slowmo"),
        outer_({.lr = options.number("slow_lr"), .momentum = options.number("slow_momentum")}) {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = averaging_.oblivious(), .serial_alone = false, .on_death = averaging_.on_death()};
  }

  void prepare(Worker& worker) override {
    averaging_.prepare(worker);
    outer_.prepare(worker.parameters());
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    averaging_.after_update(worker, [&] { outer_.step(worker.parameters(), worker.lr()); });
  }

  void io(Archive& archive, Worker& worker) override {
    (void)worker;
    averaging_.io(archive);
    outer_.io(archive);
  }

 private:
  Averaging averaging_;
  OuterOptimizer outer_;
};

std::vector<OptionSpec> options() {
  return joined({{{.name = "slow_lr", .fallback = 1.0, .doc = "slow step size, a", .min = 0, .max = 1e6},
                  {.name = "slow_momentum", .fallback = 0.7, .doc = "slow momentum, b", .min = 0, .max = 1}},
                 Averaging::options(10)});
}

const Register<StrategyEntry> registered{{
    .name = "slowmo",
    .summary = "local SGD with a slow momentum over whole periods",
    .source = "Wang et al. 2020, arXiv:1910.00643",
    .rule = "local SGD; after an average u <- b u + (x_start - mean)/lr; x <- x_start - a lr u",
    .cost = "one all-reduce of D elements every H steps",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<SlowMo>(given); },
}};

}  // namespace
}  // namespace sac
