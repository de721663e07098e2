#pragma once
#include <functional>
#include <memory>

#include "engine/fabric/group/communicator.h"
#include "engine/fabric/group/reports.h"
#include "engine/fabric/group/server.h"
#include "engine/fabric/group/stream_mark.h"
#include "engine/train/endpoint.h"

namespace sac {

/// The steady clock from the run's start on, standing still while the run pauses.
class PausingClock final : public Clock {
 public:
  void start() { begin_ = steady_seconds(); }
  void pause() { paused_at_ = steady_seconds(); }
  void resume() {
    begin_ += steady_seconds() - paused_at_;
    paused_at_ = 0.0;
  }
  [[nodiscard]] Seconds now() const override {
    return Seconds((paused_at_ > 0.0 ? paused_at_ : steady_seconds()) - begin_);
  }

 private:
  double begin_ = 0.0;
  double paused_at_ = 0.0;  ///< 0 = it runs
};

/// One worker's hands on a real cluster. Communication is booked by the communicators and the server; every other
/// second counts as compute.
class GroupEndpoint final : public Endpoint {
 public:
  using Contribute = std::function<void(Contribution&, double clock, std::int64_t wire_bytes)>;

  /// @param server  null where the strategy has none.  @param rounds  the server brings all ranks to the same step by
  /// itself.  @param contribute  collective; called with the clock stopped.
  GroupEndpoint(RankContext& context, GroupCommunicator& world, GroupServer* server, bool rounds, Reports& reports,
                Contribute contribute, const std::atomic<bool>* stop);

  Communicator& comm() override { return *world_; }
  ParameterServer& server() override;
  const Clock& clock() const override { return clock_; }
  const Ledger& ledger() const override { return *context_->ledger; }
  void rest(bool resting) override { context_->ledger->resting = resting; }
  void compute(double fraction, std::span<const double> milestones,
               const std::function<void(ComputePace&)>& arithmetic) override;
  bool compute_unless_called_off(double /*fraction*/, const std::function<void()>& arithmetic) override {
    arithmetic();
    return true;
  }
  void leave_server() override;
  void come_back_to_server() override;
  void report(StepReport report) override;
  void contribute(Contribution contribution) override;
  void prepared() override {}
  [[nodiscard]] bool wants_boundary(std::int64_t step, bool due) override;
  void boundary(std::string, Contribution) override {}
  void io(Archive&) override {}

  void start_clock() { clock_.start(); }
  /// Collective: books what the communicators know, and what is left of the clock as compute.
  void settle();

 private:
  RankContext* context_;
  GroupCommunicator* world_;
  GroupServer* server_;
  bool rounds_;
  Reports* reports_;
  Contribute contribute_;
  const std::atomic<bool>* stop_;
  PausingClock clock_;
};

}  // namespace sac
