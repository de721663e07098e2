#include "engine/fabric/virtual/endpoint.h"

#include <algorithm>
#include <numeric>

#include "engine/core/error.h"
#include "engine/fabric/virtual/communicator.h"

namespace sac {
namespace {

class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(const VirtualEndpoint& endpoint) : endpoint_(&endpoint) {}
  [[nodiscard]] Seconds now() const override { return Seconds(endpoint_->now()); }

 private:
  const VirtualEndpoint* endpoint_;
};

/// Runs ahead from milestone to milestone, having promised each to the world.
class VirtualPace final : public ComputePace {
 public:
  VirtualPace(Scheduler& scheduler, int rank, double seconds, std::span<const double> milestones)
      : scheduler_(&scheduler), rank_(rank), begin_(scheduler.now(rank)), seconds_(seconds), milestones_(milestones) {
    scheduler.promise(rank, next());
  }

  void milestone(const std::function<void()>& action) override {
    scheduler_->advance(rank_, next());
    action();
    if (++passed_ < milestones_.size()) scheduler_->promise(rank_, next());
  }

  /// Passes the milestones that the arithmetic left out.
  void finish() {
    if (passed_ < milestones_.size()) scheduler_->advance(rank_, begin_ + seconds_);
  }

 private:
  [[nodiscard]] double next() const { return begin_ + seconds_ * milestones_[passed_]; }

  Scheduler* scheduler_;
  int rank_;
  double begin_;
  double seconds_;
  std::span<const double> milestones_;
  std::size_t passed_ = 0;
};

}  // namespace

VirtualEndpoint::VirtualEndpoint(Scheduler& scheduler, Fences& fences, const ComputeModel& compute, int rank,
                                 int workers, int server_shards, std::uint64_t seed)
    : scheduler_(&scheduler),
      fences_(&fences),
      compute_(&compute),
      rank_(rank),
      server_shards_(server_shards),
      compute_stream_(seed, static_cast<std::uint32_t>(rank), Purpose::kComputeTime),
      clock_(std::make_unique<VirtualClock>(*this)) {
  std::vector<int> everyone(static_cast<std::size_t>(workers));
  std::iota(everyone.begin(), everyone.end(), 0);
  comm_ = std::make_unique<VirtualCommunicator>(*this, 0, std::move(everyone));
  server_ = std::make_unique<VirtualServer>(*this);
}

VirtualEndpoint::~VirtualEndpoint() = default;
Communicator& VirtualEndpoint::comm() { return *comm_; }
ParameterServer& VirtualEndpoint::server() { return *server_; }
const Clock& VirtualEndpoint::clock() const { return *clock_; }

void VirtualEndpoint::compute(double fraction, std::span<const double> milestones,
                              const std::function<void(ComputePace&)>& arithmetic) {
  const double seconds = fraction * compute_->draw(rank_, compute_stream_);
  VirtualPace pace(*scheduler_, rank_, seconds, milestones);
  arithmetic(pace);
  pace.finish();
  ledger_.compute += Seconds(seconds);
}

bool VirtualEndpoint::compute_unless_called_off(const std::function<void()>& arithmetic) {
  const double begin = now();
  const double seconds = compute_->draw(rank_, compute_stream_);
  const std::int64_t id = scheduler_->post(rank_, ComputeRequest{.seconds = seconds}, "a computation");
  scheduler_->promise(rank_, begin + seconds, id);
  arithmetic();
  const Ticket ticket = scheduler_->wait(rank_, id);
  ledger_.compute += Seconds(now() - begin);
  return ticket.value == 0;
}

std::int64_t VirtualEndpoint::post(Request request, std::string what, const at::Tensor& tensor) {
  if (tensor.defined()) fences_->lend(rank_, {tensor});
  return scheduler_->post(rank_, std::move(request), std::move(what));
}

Ticket VirtualEndpoint::wait(std::int64_t id) {
  const double from = now();
  Ticket ticket = scheduler_->wait(rank_, id);
  fences_->take(rank_, ticket.result);
  const double until = now();
  const double ready = std::clamp(ticket.ready, from, until);
  const double watched = std::max(0.0, std::min(until, ticket.end) - std::max(from, ticket.start));
  ledger_.wait_for(Seconds(ready - from));
  ledger_.communication += Seconds(until - ready);
  ledger_.hidden_communication += Seconds(std::max(0.0, ticket.end - ticket.start - watched));
  ledger_.payload += Bytes(ticket.payload_bytes);
  ledger_.wire += Bytes(ticket.wire_bytes);
  ledger_.messages += ticket.messages;
  return ticket;
}

void VirtualEndpoint::report(StepReport report) {
  scheduler_->tell(rank_, ReportRequest{std::move(report), now(), ledger_.wire.value});
}

void VirtualEndpoint::contribute(Contribution contribution) {
  fences_->lend(rank_, {contribution.share.parameters, contribution.buffers});
  scheduler_->tell(rank_, ContributeRequest{std::move(contribution), now(), ledger_.wire.value});
}

}  // namespace sac
