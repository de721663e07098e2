#pragma once
#include <vector>

#include "engine/fabric/virtual/faults.h"

namespace sac {

/// When one worker of the simulated cluster is up, and how long it computes. A pure function of the spec.
class Availability {
 public:
  /// @param faults  of all workers, by time.
  Availability(const std::vector<Fault>& faults, int worker);

  /// The first instant from `time` on at which it is up; infinity where it has gone for good.
  [[nodiscard]] double up_from(double time) const;
  /// When it has died for good; infinity where it never does.
  [[nodiscard]] double gone_at() const { return gone_at_; }
  /// When it is up with `seconds` of nominal computing done that it began at `begin`: pauses and slow-downs make it
  /// longer, a death makes it begin again. Infinity where it dies before.
  [[nodiscard]] double done(double begin, double seconds) const;
  /// Seconds in [from, until) in which it is down.
  [[nodiscard]] double down(double from, double until) const;

 private:
  struct Outage {
    double begin = 0.0, end = 0.0;
    bool loses = false;  ///< what was being computed
  };
  [[nodiscard]] double factor(double time) const;
  [[nodiscard]] const Outage* outage_at(double time) const;

  std::vector<Outage> outages_;
  std::vector<Fault> slow_;
  std::vector<double> changes_;  ///< instants at which anything begins or ends, ascending
  double gone_at_;
};

}  // namespace sac
