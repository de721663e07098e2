#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "engine/fabric/virtual/collectives.h"
#include "engine/fabric/virtual/computations.h"
#include "engine/fabric/virtual/endpoint.h"
#include "engine/fabric/virtual/fences.h"
#include "engine/fabric/virtual/mailbox.h"
#include "engine/fabric/virtual/server_host.h"
#include "engine/fabric/virtual/transport.h"
#include "engine/train/recorder.h"

namespace sac {

/// The simulated cluster of one run: routes requests and events to the network, the mailboxes, the server and the
/// recorder, and writes checkpoints.
class VirtualWorld final : public World {
 public:
  VirtualWorld(const Job& job, const ClusterConfig& config, MetricSink& sink, Scheduler& scheduler);

  void handle(int rank, std::int64_t ticket, Request& request) override;
  void fire(const Event& event) override;
  void settle() override;
  [[nodiscard]] std::string why_stuck() const override;
  [[nodiscard]] bool gone(int rank) const override { return presence_[static_cast<std::size_t>(rank)].dead; }

  [[nodiscard]] const Fences& fences() const { return fences_; }
  VirtualEndpoint& endpoint(int rank) { return *endpoints_[static_cast<std::size_t>(rank)]; }
  /// Takes up the state that a checkpoint of the same run holds.  @throws DataError  it does not fit.
  void restore(const Checkpoint& checkpoint);
  /// @throws RunError  the workers have died before the last step.
  void require_survivors() const;
  /// Fills in times, bytes, staleness, finals; `seconds` is the last worker's clock.
  void fill(RunOutcome& outcome) const;
  [[nodiscard]] double evaluation_seconds() const { return evaluation_s_; }

 private:
  /// The last steps of which a worker has said anything, and whether it is dead.
  struct Presence {
    std::int64_t reported = 0;
    std::int64_t contributed = 0;
    bool dead = false;
    void io(Archive& archive) { archive.io(reported, contributed, dead); }
  };
  /// Updates of the server so far.
  struct ServerSeen {
    std::int64_t updates = 0;
    std::int64_t staleness = 0;  ///< their sum
    void io(Archive& archive) { archive.io(updates, staleness); }
  };
  [[nodiscard]] std::vector<std::pair<std::string, double>> observe_server();
  void strike(const Fault& fault);
  void bury(int rank);
  void evaluate(std::int64_t step);
  void write_checkpoint();
  [[nodiscard]] CheckpointContent checkpoint_content() const;
  void io(Archive& archive);
  [[nodiscard]] std::unique_ptr<ServerHost> make_server(const ClusterConfig& config, int workers);

  const Job* job_;
  Scheduler* scheduler_;
  NetworkModel network_;
  ComputeModel compute_;
  Fences fences_;
  Transport transport_;
  Collectives collectives_;
  Mailbox mailbox_;
  Computations computations_;
  std::unique_ptr<Strategy> server_strategy_;  ///< makes the server's rule
  std::unique_ptr<ServerHost> server_;         ///< null for strategies without one
  Recorder recorder_;
  std::vector<std::unique_ptr<VirtualEndpoint>> endpoints_;
  std::vector<Fault> faults_;
  bool goes_on_;  ///< nobody waits for workers that have died
  std::vector<Presence> presence_;
  ServerSeen seen_;  ///< when the last points were made
  bool stopping_ = false;
  double evaluation_s_ = 0.0;
};

}  // namespace sac
