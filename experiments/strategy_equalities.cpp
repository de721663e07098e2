#include "experiments/strategy_equalities.h"

namespace sac {
namespace {

std::string word(const char* text) { return text; }
std::int64_t n(std::int64_t value) { return value; }

}  // namespace

std::vector<Equality> equalities() {
  const ValueMap h3{{"period", n(3)}};
  const auto h3_and = [&](ValueMap more) {
    more.insert(h3.begin(), h3.end());
    return more;
  };
  const ValueMap outer{{"outer_optimizer", word("sgd")}, {"outer_lr", 1.0}, {"outer_momentum", 0.0}};
  const ValueMap server{{"server_optimizer", word("sgd")}, {"server_lr", 1.0}, {"server_momentum", 0.0}};
  return {
      {"2: period 1 is sync_sgd", "local_sgd", {{"period", n(1)}}, "sync_sgd", {}},
      {"3: outer sgd, step size 1 is local_sgd", "diloco", h3_and(outer), "local_sgd", h3},
      {"3: outer step size 0 never moves", "diloco", h3_and({{"outer_lr", 0.0}}), "", {}},
      {"one fragment, no delay is diloco", "streaming_diloco",
       h3_and({{"fragments", n(1)}, {"delay", n(0)}, {"merge_weight", 0.0}}), "diloco", h3},
      {"4: no slow momentum is local_sgd", "slowmo", h3_and({{"slow_momentum", 0.0}}), "local_sgd", h3},
      {"no block momentum is local_sgd", "bmuf", h3_and({{"block_momentum", 0.0}}), "local_sgd", h3},
      {"t0 = 0 is local_sgd", "post_local_sgd", h3_and({{"switch_step", n(0)}}), "local_sgd", h3},
      {"one node is local_sgd", "hierarchical_local_sgd", h3_and({{"node_size", n(64)}}), "local_sgd", h3},
      {"no delay is local_sgd", "delayed_sync_momentum", h3_and({{"delay", n(0)}}), "local_sgd", h3},
      {"p = 1 is sync_sgd", "sparta", {{"probability", 1.0}}, "sync_sgd", {}},
      {"f = 1 is sync_sgd", "staged", {{"fraction", 1.0}}, "sync_sgd", {}},
      {"T = 1 is sync_sgd", "staged", {{"period", n(1)}}, "sync_sgd", {}},
      {"f = 0 is local_sgd", "staged", h3_and({{"fraction", 0.0}}), "local_sgd", h3},
      {"on a server without slack it is sync_sgd",
       "staged",
       {{"async", word("server")}, {"staleness", n(0)}},
       "sync_sgd",
       {}},
      {"5: s = 0, shared weight is sync_sgd",
       "ssp",
       {{"staleness", n(0)}, {"gradient_weight", word("share")}},
       "sync_sgd",
       {}},
      {"5: s = inf is async_sgd", "ssp", {{"staleness", n(1000000)}}, "async_sgd", {}},
      {"5: delay compensation of 0 is none",
       "async_sgd",
       {{"stale_remedy", word("delay_compensation")}, {"stale_lambda", 0.0}},
       "async_sgd",
       {}},
      {"all gradients is sync_sgd", "k_sync", {}, "sync_sgd", {}},
      {"all gradients is sync_sgd", "k_async", {}, "sync_sgd", {}},
      {"a range of one value is ssp",
       "dssp",
       {{"staleness_min", n(2)}, {"staleness_max", n(2)}},
       "ssp",
       {{"staleness", n(2)}}},
      {"all shared, s = 0, K-averaged is synchronous RMSProp",
       "asu_p",
       {{"staleness", n(0)}, {"gradients", n(0)}, {"rms_momentum", 0.9}, {"rms_eps", 1e-6}},
       "sync_sgd",
       {},
       4,
       "rmsprop",
       {{"decay", 0.9}, {"momentum", 0.9}, {"eps", 1e-6}, {"eps_place", std::string("inside")}}},
      {"alone, alpha = 1 is serial SGD", "fedasync", {{"alpha", 1.0}}, "sync_sgd", {}, 1},
      {"alpha = 0 never moves", "fedasync", h3_and({{"alpha", 0.0}}), "", {}},
      {"alone, a buffer of 1 is serial SGD", "fedbuff", {{"buffer", n(1)}}, "sync_sgd", {}, 1},
      {"server step size 0 never moves", "fedbuff", h3_and({{"server_lr", 0.0}, {"buffer", n(1)}}), "", {}},
      {"p = 0 is diloco", "palsgd", h3_and({{"probability", 0.0}}), "diloco", h3},
      {"complete is sync_sgd in the mean", "d_psgd", {{"topology", word("complete")}}, "sync_sgd", {}},
      {"complete is sync_sgd", "sgp", {{"topology", word("complete")}}, "sync_sgd", {}},
      {"complete, full rate is sync_sgd",
       "choco",
       {{"topology", word("complete")}, {"consensus_rate", 1.0}},
       "sync_sgd",
       {}},
      {"everybody every round is local_sgd", "fedavg", h3, "local_sgd", h3},
      {"mu = 0 is fedavg", "fedprox", h3_and({{"mu", 0.0}}), "fedavg", h3},
      {"server sgd, step size 1 is fedavg", "fedopt", h3_and(server), "fedavg", h3},
      {"its mean is local_sgd's", "scaffold", h3, "local_sgd", h3},
  };
}

}  // namespace sac
