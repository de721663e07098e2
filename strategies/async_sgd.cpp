#include "engine/train/server_strategy.h"

namespace sac {
namespace {

/// Asynchronous SGD: workers send gradients to a server that applies each as it arrives.
/// Source  Dean et al., "Large Scale Distributed Deep Networks" (Downpour), NIPS 2012; n-softsync: Zhang et al. 2016,
///         arXiv:1511.05950.
/// Rule    at the server x <- x - lr g_k(x at k's last read), or the mean of `accumulate` of them; the worker
///         reads with the answer to its push. What is done about staleness: engine/train/stale_gradients.h.
/// Cost    2 messages a shard, step and worker: D elements, or a codec's bytes, to the server, D back.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides.
class AsyncSgd final : public ServerStrategy {
 public:
  explicit AsyncSgd(const Options& options)
      : ServerStrategy(options, "async_sgd", {.count = GradientCount(options.integer("accumulate"))}) {}
};

const Register<StrategyEntry> registered{{
    .name = "async_sgd",
    .summary = "a parameter server applies each gradient as it arrives",
    .source = "Dean et al. 2012 (Downpour SGD)",
    .rule = "server: x <- x - lr g_k(x_read by k)",
    .cost = "2 messages a shard, D elements (or a codec's bytes) to the server and D back a step and worker",
    .options = joined({{{.name = "accumulate",
                         .fallback = std::int64_t{1},
                         .doc = "gradients averaged before the model changes",
                         .min = 1,
                         .max = 65536}},
                       ServerStrategy::options()}),
    .make = [](const Options& options) { return std::make_unique<AsyncSgd>(options); },
}};

}  // namespace
}  // namespace sac
