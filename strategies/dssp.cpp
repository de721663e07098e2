#include "engine/core/error.h"
#include "engine/train/server_strategy.h"

namespace sac {
namespace {

/// Dynamic stale synchronous parallel: SSP whose bound moves in a range, by the workers' last times.
/// Source  Zhao et al., "Dynamic Stale Synchronous Parallel Distributed Training for Deep Learning", ICDCS 2019,
///         arXiv:1908.11848.
/// Rule    as ssp with s = staleness_min; a fastest worker that would wait is granted r more gradients, r <=
///         staleness_max - staleness_min the number after which the slowest is likely to have just pushed
///         (engine/train/worker_clocks.h). Each shard decides by the times at which it gets pushes.
/// Cost    as async_sgd.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides.
///         staleness_min = staleness_max is ssp.
class Dssp final : public ServerStrategy {
 public:
  explicit Dssp(const Options& options) : ServerStrategy(options, "dssp", {.clock_gap = gap(options)}) {}

 private:
  static ClockGap gap(const Options& options) {
    const ClockGap gap{.least = options.integer("staleness_min"), .most = options.integer("staleness_max")};
    if (gap.least <= gap.most) return gap;
    throw ConfigError("strategy 'dssp': staleness_min = " + std::to_string(gap.least) +
                      " is above staleness_max = " + std::to_string(gap.most));
  }
};

const Register<StrategyEntry> registered{{
    .name = "dssp",
    .summary = "asynchronous SGD in which nobody runs ahead by more than an s that follows the workers' times",
    .source = "Zhao et al. 2019, arXiv:1908.11848",
    .rule = "as ssp; s moves in [staleness_min, staleness_max] so that the fastest worker waits the least",
    .cost = "2 messages a shard, D elements (or a codec's bytes) to the server and D back a step and worker",
    .options = joined({{{.name = "staleness_min",
                         .fallback = std::int64_t{3},
                         .doc = "gradients any worker may be ahead of the slowest",
                         .min = 0,
                         .max = 1e6},
                        {.name = "staleness_max",
                         .fallback = std::int64_t{15},
                         .doc = "gradients the fastest may be ahead where that saves waiting",
                         .min = 0,
                         .max = 1e6}},
                       ServerStrategy::options()}),
    .make = [](const Options& options) { return std::make_unique<Dssp>(options); },
}};

}  // namespace
}  // namespace sac
