#include "engine/train/server_strategy.h"

namespace sac {
namespace {

/// K-batch-async SGD: the server takes the mean of the first n gradients, whoever made them and however old.
/// Source  Dutta et al. 2018, "Slow and Stale Gradients Can Win the Race", arXiv:1803.01113.
/// Rule    x <- x - lr mean of n gradients g_k(x_read by k); nobody waits.
///         n may grow as in k_sync.
/// Cost    as async_sgd.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides.
class KBatchAsync final : public ServerStrategy {
 public:
  explicit KBatchAsync(const Options& options)
      : ServerStrategy(
            options, "k_batch_async",
            {.count = GradientCount(options, "k_batch_async"), .pushers_wait = false, .late_dropped = false}) {}
};

const Register<StrategyEntry> registered{{
    .name = "k_batch_async",
    .summary = "the server averages the first n gradients, whoever made them, however old",
    .source = "Dutta et al. 2018, arXiv:1803.01113",
    .rule = "x <- x - lr (mean of the first n gradients, whoever made them, however old)",
    .cost = "2 messages a shard, D elements (or a codec's bytes) to the server and D back a step and worker",
    .options = joined({GradientCount::options(), ServerStrategy::options()}),
    .make = [](const Options& options) { return std::make_unique<KBatchAsync>(options); },
}};

}  // namespace
}  // namespace sac
