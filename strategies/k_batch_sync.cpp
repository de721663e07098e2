#include "engine/train/server_strategy.h"

namespace sac {
namespace {

/// K-batch-sync SGD: a step takes the mean of the first n gradients, whoever made them; workers that are done make
/// more. Late ones are thrown away: called off at once on the virtual cluster, when they arrive on real ranks.
/// Source  Dutta et al. 2018, "Slow and Stale Gradients Can Win the Race", arXiv:1803.01113.
/// Rule    x <- x - lr mean of the first n gradients of x. A step of a worker is one gradient, used or called off.
///         n may grow as in k_sync.
/// Cost    as async_sgd.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides.
class KBatchSync final : public ServerStrategy {
 public:
  explicit KBatchSync(const Options& options)
      : ServerStrategy(options, "k_batch_sync",
                       {.count = GradientCount(options, "k_batch_sync"), .pushers_wait = false, .late_dropped = true}) {
  }
};

const Register<StrategyEntry> registered{{
    .name = "k_batch_sync",
    .summary = "a step takes the first n gradients, whoever made them",
    .source = "Dutta et al. 2018, arXiv:1803.01113",
    .rule = "x <- x - lr (mean of the first n gradients of x, whoever made them)",
    .cost = "2 messages a shard, D elements (or a codec's bytes) to the server and D back a step and worker",
    .options = joined({GradientCount::options(), ServerStrategy::options()}),
    .make = [](const Options& options) { return std::make_unique<KBatchSync>(options); },
}};

}  // namespace
}  // namespace sac
