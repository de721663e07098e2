#pragma once
#include "engine/fabric/group/process_group.h"

namespace sac {

/// Rank 0's steady clock on every rank, so that "who came last" can be told: exact on one machine, elsewhere to half
/// the quickest of some round trips (Cristian, "Probabilistic clock synchronization", 1989). Between two alignments the
/// difference is interpolated, for clocks drift.
class ClusterTime {
 public:
  /// @param same_machine  as rank 0's: nothing to measure.
  explicit ClusterTime(bool same_machine) : same_machine_(same_machine) {}

  /// Collective over `group`.
  void align(ProcessGroup& group, Watch& watch, Seconds timeout);
  /// Cluster time at `steady` seconds of this machine.
  [[nodiscard]] double at(double steady) const;

 private:
  struct Sample {
    double steady = 0.0;
    double difference = 0.0;
  };
  [[nodiscard]] Sample measure(ProcessGroup& group, Watch& watch, Seconds timeout) const;

  bool same_machine_;
  Sample before_, last_;
};

}  // namespace sac
