#include "engine/train/server_strategy.h"

namespace sac {
namespace {

/// K-async SGD: the server takes the mean of the first n workers' gradients, however old; only they read the new model.
/// Source  Dutta et al. 2018, "Slow and Stale Gradients Can Win the Race", arXiv:1803.01113.
/// Rule    x <- x - lr mean of n workers' g_k(x_read by k); a worker waits until its gradient is used.
///         n may grow as in k_sync.
/// Cost    as async_sgd.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides.
class KAsync final : public ServerStrategy {
 public:
  explicit KAsync(const Options& options)
      : ServerStrategy(options, "k_async",
                       {.count = GradientCount(options, "k_async"), .pushers_wait = true, .late_dropped = false}) {}
};

const Register<StrategyEntry> registered{{
    .name = "k_async",
    .summary = "the server averages the first n workers' gradients, however old",
    .source = "Dutta et al. 2018, arXiv:1803.01113",
    .rule = "x <- x - lr (mean of the first n workers' gradients, however old); the others go on",
    .cost = "2 messages a shard, D elements (or a codec's bytes) to the server and D back a step and worker",
    .options = joined({GradientCount::options(), ServerStrategy::options()}),
    .make = [](const Options& options) { return std::make_unique<KAsync>(options); },
}};

}  // namespace
}  // namespace sac
