#include "engine/train/server_strategy.h"

namespace sac {
namespace {

/// Stale synchronous parallel: asynchronous SGD in which nobody runs further ahead than s gradients.
/// Source  Ho et al., "More Effective Distributed ML via a Stale Synchronous Parallel Parameter Server", NIPS 2013.
/// Rule    as async_sgd; a worker reads only while its clock <= the slowest clock + s. s = 0 is bulk synchronous: with
///         gradient_weight = "share" plain SGD then is sync_sgd.
/// Cost    as async_sgd.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides.
class Ssp final : public ServerStrategy {
 public:
  explicit Ssp(const Options& options)
      : ServerStrategy(options, "ssp", {.clock_gap = {options.integer("staleness"), options.integer("staleness")}}) {}
};

const Register<StrategyEntry> registered{{
    .name = "ssp",
    .summary = "asynchronous SGD in which nobody runs ahead by more than s",
    .source = "Ho et al. 2013, NIPS",
    .rule = "server: x <- x - lr g_k(x_read by k); k waits while its clock > slowest clock + s",
    .cost = "2 messages a shard, D elements (or a codec's bytes) to the server and D back a step and worker",
    .options = joined({{{.name = "staleness",
                         .fallback = std::int64_t{3},
                         .doc = "gradients a worker may be ahead of the slowest, s",
                         .min = 0,
                         .max = 1e12}},
                       ServerStrategy::options()}),
    .make = [](const Options& options) { return std::make_unique<Ssp>(options); },
}};

}  // namespace
}  // namespace sac
