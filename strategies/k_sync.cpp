#include "engine/train/server_strategy.h"

namespace sac {
namespace {

/// Partially synchronous SGD, by workers: a step takes the mean of the first n of K gradients; late ones are thrown
/// away. On the virtual cluster the late are called off at once; on real ranks they end, and learn that they were late.
/// Source  Chen et al. 2016, "Revisiting Distributed Synchronous SGD" (backup workers), arXiv:1604.00981; Dutta et al.
///         2018, "Slow and Stale Gradients Can Win the Race", arXiv:1803.01113.
/// Rule    x <- x - lr mean of the first n gradients of x; everybody goes on from the new x. n may grow with
///         the changes or as the loss falls (AdaSync): engine/train/gradient_count.h.
/// Cost    as async_sgd.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides.
class KSync final : public ServerStrategy {
 public:
  explicit KSync(const Options& options)
      : ServerStrategy(options, "k_sync",
                       {.count = GradientCount(options, "k_sync"), .pushers_wait = true, .late_dropped = true}) {}
};

const Register<StrategyEntry> registered{{
    .name = "k_sync",
    .summary = "a step takes the first n of K gradients, late ones are thrown away",
    .source = "Chen et al. 2016, arXiv:1604.00981; Dutta et al. 2018, arXiv:1803.01113",
    .rule = "x <- x - lr (mean of the first n of K gradients of x)",
    .cost = "2 messages a shard, D elements (or a codec's bytes) to the server and D back a step and worker",
    .options = joined({GradientCount::options(), ServerStrategy::options()}),
    .make = [](const Options& options) { return std::make_unique<KSync>(options); },
}};

}  // namespace
}  // namespace sac
