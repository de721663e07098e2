#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "engine/fabric/group/endpoint.h"
#include "engine/fabric/group/executor.h"
#include "engine/train/recorder.h"

namespace sac {

/// One rank of a run: its process groups, its endpoint, its shards of the server and, on rank 0, the run's record.
/// Three groups beside the strategy's own: `control` for what must not count, `reports`, `server`.
class GroupWorld {
 public:
  GroupWorld(const Job& job, MetricSink& sink, const Launch& launch, const GroupConfig& config, Rendezvous& store,
             Watch& watch);

  /// Trains to the end.  @throws StopRequested, ClusterFailure.
  void run();
  /// Collective, after run: every rank's totals, on rank 0.
  void fill(RunOutcome& outcome);
  [[nodiscard]] double now() const { return endpoint_->clock().now().value; }

 private:
  void start_server();
  void align();
  void contribute(Contribution& contribution, double clock, std::int64_t wire_bytes);
  void evaluate(std::int64_t step);
  [[nodiscard]] at::Tensor served_model();
  void send_to_root(Archive archive);
  [[nodiscard]] Archive receive_from(int rank);
  void barrier();

  const Job* job_;
  GroupConfig config_;
  Watch* watch_;
  Ledger ledger_;
  ClusterTime time_;
  RankContext context_;
  std::unique_ptr<Strategy> server_strategy_;  ///< makes the server's rules
  std::vector<std::unique_ptr<ShardService>> shards_;
  std::unique_ptr<GroupServer> server_;
  std::unique_ptr<ProcessGroup> control_;
  std::unique_ptr<GroupCommunicator> world_;
  std::mutex recording_;
  Recorder recorder_;
  std::unique_ptr<Reports> reports_;
  std::unique_ptr<GroupEndpoint> endpoint_;
  double seconds_ = 0.0;  ///< this rank's clock at its end
};

}  // namespace sac
