#pragma once
#include "engine/fabric/virtual/config.h"
#include "engine/train/executor.h"

namespace sac {

/// Runs a job on the virtual cluster: real gradients, simulated time. The outcome is a pure function of job and config.
class VirtualExecutor final : public Executor {
 public:
  /// @param slots  threads that compute at a time, >= 1; changes the wall time only.
  VirtualExecutor(ClusterConfig config, int slots);
  RunOutcome run(const Job& job, MetricSink& sink) override;

 private:
  ClusterConfig config_;
  int slots_;
};

}  // namespace sac
