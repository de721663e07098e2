#include "engine/train/averaging.h"
#include "engine/train/outer_optimizer.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// BMUF: blockwise model-update filtering, local SGD with a momentum over blocks of H steps.
/// Source  Chen & Huo, "Scalable Training of Deep Learning Machines by Incremental Block Training with Intra-block
///         Parallel Optimization and Blockwise Model-Update Filtering", ICASSP 2016.
/// Rule    local SGD; after an average d <- m d + z (mean - x_start); x <- x_start + d, or, with Nesterov's block
///         momentum, x <- x_start + z (mean - x_start) + m d. m = 1 - 1/K unless given.
/// Cost    as local_sgd: the filter is computed alike by every rank.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class Bmuf final : public Strategy {
 public:
  explicit Bmuf(const Options& options)
      : averaging_(options, "bmuf"),
        rule_(options.boolean("block_nesterov") ? "nesterov" : "sgd"),
        lr_(options.number("block_lr")),
        momentum_(options.number("block_momentum")) {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = averaging_.oblivious(), .serial_alone = false, .on_death = averaging_.on_death()};
  }

  void prepare(Worker& worker) override {
    averaging_.prepare(worker);
    const double alone = 1.0 - 1.0 / worker.world_size();
    outer_ = OuterOptimizer({.rule = rule_, .lr = lr_, .momentum = momentum_ == -1.0 ? alone : momentum_});
    outer_.prepare(worker.parameters());
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    averaging_.after_update(worker, [&] { outer_.step(worker.parameters()); });
  }

  void io(Archive& archive, Worker& worker) override {
    (void)worker;
    averaging_.io(archive);
    outer_.io(archive);
  }

 private:
  Averaging averaging_;
  std::string rule_;
  double lr_, momentum_;
  OuterOptimizer outer_{{}};
};

std::vector<OptionSpec> options() {
  return joined(
      {{{.name = "block_lr", .fallback = 1.0, .doc = "block step size, z", .min = 0, .max = 1e6},
        {.name = "block_momentum", .fallback = -1.0, .doc = "block momentum, m; -1 = 1 - 1/K", .min = -1, .max = 1},
        {.name = "block_nesterov", .fallback = true, .doc = "Nesterov's block momentum"}},
       Averaging::options(10)});
}

const Register<StrategyEntry> registered{{
    .name = "bmuf",
    .summary = "local SGD with a momentum over blocks of steps",
    .source = "Chen & Huo 2016, ICASSP",
    .rule = "local SGD; after an average d <- m d + z (mean - x_start); x <- x_start + d",
    .cost = "one all-reduce of D elements every H steps",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<Bmuf>(given); },
}};

}  // namespace
}  // namespace sac
