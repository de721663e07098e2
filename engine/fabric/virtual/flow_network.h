#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "engine/fabric/virtual/config.h"
#include "engine/train/archive.h"

namespace sac {

/// Point-to-point transfers that share links max-min fairly: each host has one link out and one in (and one inside),
/// and a flow gets the least of its fair shares. A parameter server's incast is felt at its link in. Bertsekas &
/// Gallager, "Data Networks", 1992, section 6.5. Plain data: the caller owns the clock and asks for the next
/// completion.
class FlowNetwork {
 public:
  /// @param hosts  worker hosts first, then one a server shard.
  FlowNetwork(const NetworkConfig& config, int hosts);

  /// Starts `bytes` >= 0 from host to host at time `now`.
  void start(std::int64_t id, int source, int destination, std::int64_t bytes, double now);
  /// When the next flow ends if nothing else starts; +inf without flows.
  [[nodiscard]] double next_completion() const;
  /// Moves all flows to time `now` and takes out the ids that have ended, in ascending order.
  std::vector<std::int64_t> advance(double now);
  /// Seconds of latency of one message between the hosts.
  [[nodiscard]] double latency(int source, int destination) const;

  void io(Archive& archive) { archive.io(flows_, now_); }

 private:
  struct Flow {
    int source = 0;
    int destination = 0;
    double remaining = 0.0;  ///< bytes
    double rate = 0.0;       ///< bytes a second
    void io(Archive& archive) { archive.io(source, destination, remaining, rate); }
  };

  void progress(double now);
  void share();

  double bandwidth_;
  double local_bandwidth_;
  double latency_;
  double local_latency_;
  int hosts_;
  double now_ = 0.0;
  std::map<std::int64_t, Flow> flows_;
};

}  // namespace sac
