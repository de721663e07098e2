#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/fabric/virtual/config.h"

namespace sac {

enum class CollectiveKind { kAllReduce, kBroadcast, kAllGather, kReduceScatter, kBarrier };

/// What a collective costs once everyone has arrived. Bytes and messages are sums over the ranks.
struct CollectiveCost {
  double seconds = 0.0;
  std::int64_t wire_bytes = 0;
  std::int64_t messages = 0;
};

/// Closed forms of the collective algorithms (Thakur, Rabenseifner & Gropp, "Optimization of Collective Communication
/// Operations in MPICH", 2005). p ranks, n bytes, alpha seconds of latency, beta seconds a byte:
///   ring              2 (p-1) alpha + 2 (p-1)/p n beta
///   halving_doubling  2 lg p alpha + 2 (p-1)/p n beta; p not a power of two: fold and unfold, + 2 (alpha + n beta)
///   tree              2 ceil(lg p) (alpha + n beta)      binomial reduce, then broadcast
///   server            2 p (alpha + n beta)               everyone to one host and back, one link
///   hierarchical      a ring inside each host (reduce-scatter), one between hosts, one inside (all-gather)
/// Flat algorithms over several hosts run at the speed of the links between hosts.
class NetworkModel {
 public:
  explicit NetworkModel(NetworkConfig config) : config_(std::move(config)) {}

  /// @param ranks  global ranks of the group, ascending.  @param bytes  n: of the whole vector (all-reduce, broadcast,
  /// reduce-scatter input, all-gather output).
  [[nodiscard]] CollectiveCost cost(CollectiveKind kind, const std::vector<int>& ranks, std::int64_t bytes) const;
  /// The same with the seconds as measured, where there is a table: scaled by the closed form for ranks other than
  /// those that were measured.  @param rest_s  how long the group's links have rested; what is used up is taken off.
  [[nodiscard]] CollectiveCost cost(CollectiveKind kind, const std::vector<int>& ranks, std::int64_t bytes,
                                    double& rest_s) const;
  /// Seconds from the last byte's leaving to its arrival, for a message of `bytes` that had the link to itself.
  [[nodiscard]] double message_latency(std::int64_t bytes) const;
  /// One algorithm's cost by name, "auto" included.
  [[nodiscard]] CollectiveCost cost(CollectiveKind kind, const std::string& algorithm, const std::vector<int>& ranks,
                                    std::int64_t bytes) const;

  [[nodiscard]] const NetworkConfig& config() const { return config_; }
  [[nodiscard]] int host_of(int rank) const { return rank / static_cast<int>(config_.workers_per_host); }

 private:
  NetworkConfig config_;
};

}  // namespace sac
