#pragma once
#include "engine/core/units.h"
#include "engine/fabric/group/launch.h"
#include "engine/fabric/group/process_group.h"
#include "engine/train/executor.h"

namespace sac {

/// How a cluster of processes communicates.
struct GroupConfig {
  Backend backend = Backend::kGloo;
  Seconds timeout{60.0};    ///< of joining and of every exchange
  std::int64_t shards = 1;  ///< of the parameter server, where a strategy asks for one
};

/// This process's part of a job on real ranks: one worker, and on rank 0 the record of the run. Returns on every rank;
/// the outcome is complete on rank 0 only, and only there the sink is used.
/// @throws ClusterFailure  (from run) a rank failed, hung or never came; on every rank, with one and the same text.
class GroupExecutor final : public Executor {
 public:
  GroupExecutor(Launch launch, GroupConfig config) : launch_(std::move(launch)), config_(config) {}
  RunOutcome run(const Job& job, MetricSink& sink) override;

 private:
  Launch launch_;
  GroupConfig config_;
};

}  // namespace sac
