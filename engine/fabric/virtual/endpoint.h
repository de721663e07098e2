#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/fabric/virtual/availability.h"
#include "engine/fabric/virtual/compute_model.h"
#include "engine/fabric/virtual/fences.h"
#include "engine/fabric/virtual/scheduler.h"
#include "engine/fabric/virtual/timeline.h"
#include "engine/train/endpoint.h"

namespace sac {

/// One worker's hands on the virtual cluster: turns blocking calls into requests and waits, and books where the time
/// went.
class VirtualEndpoint final : public Endpoint {
 public:
  /// @param faults  of all workers.
  VirtualEndpoint(Scheduler& scheduler, Fences& fences, const ComputeModel& compute, const std::vector<Fault>& faults,
                  int rank, int workers, int server_shards, std::uint64_t seed);
  ~VirtualEndpoint() override;
  /// From now on `timeline` is told what this worker does.
  void record_to(Timeline* timeline) { timeline_ = timeline; }

  Communicator& comm() override;
  ParameterServer& server() override;
  const Clock& clock() const override;
  const Ledger& ledger() const override { return ledger_; }
  void rest(bool resting) override { ledger_.resting = resting; }
  void compute(double fraction, std::span<const double> milestones,
               const std::function<void(ComputePace&)>& arithmetic) override;
  bool compute_unless_called_off(double fraction, const std::function<void()>& arithmetic) override;
  void leave_server() override { scheduler_->tell(rank_, PresenceRequest{.present = false}); }
  void come_back_to_server() override { scheduler_->tell(rank_, PresenceRequest{.present = true}); }
  void report(StepReport report) override;
  void contribute(Contribution contribution) override;
  void prepared() override { scheduler_->prepared(rank_); }
  [[nodiscard]] bool wants_boundary(std::int64_t step, bool due) override {
    if (timeline_ != nullptr) timeline_->begin_step(rank_);
    return scheduler_->wants_boundary(rank_, step, due);
  }
  [[nodiscard]] int spokesman() const override;
  void boundary(std::string state, Contribution standing) override {
    scheduler_->boundary(rank_, std::move(state), std::move(standing));
  }
  void io(Archive& archive) override { archive.io(ledger_, down_, compute_stream_); }

  // ---- for the communicators and the server of this endpoint --------------------------------------------------------
  /// Posts a request that hands `tensor` over to the world.
  std::int64_t post(Request request, std::string what, const at::Tensor& tensor = {});
  /// Waits for a communication and books it.
  Ticket wait(std::int64_t ticket);
  [[nodiscard]] double now() const { return scheduler_->now(rank_); }
  /// Paused, or dead until it rejoined.
  [[nodiscard]] Seconds down() const { return down_; }
  [[nodiscard]] double gone_at() const { return availability_.gone_at(); }
  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int server_shards() const { return server_shards_; }

 private:
  void book_computing(double from, double until);
  void come_up();
  [[noreturn]] void depart();
  void take_down(double from, double until, const Ticket& ticket);

  Scheduler* scheduler_;
  Fences* fences_;
  const ComputeModel* compute_;
  Availability availability_;
  std::vector<Fault> deaths_;  ///< of all workers
  int rank_;
  int server_shards_;
  RandomStream compute_stream_;
  Ledger ledger_;
  Seconds down_;
  Timeline* timeline_ = nullptr;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Communicator> comm_;
  std::unique_ptr<ParameterServer> server_;
};

}  // namespace sac
