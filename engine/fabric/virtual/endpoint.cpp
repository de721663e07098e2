#include "engine/fabric/virtual/endpoint.h"

#include <algorithm>
#include <cmath>
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

/// A computation that its worker did not live to see the end of.
struct CutOff {};

/// Runs ahead from milestone to milestone, having promised each to the world.
class VirtualPace final : public ComputePace {
 public:
  using Book = std::function<void(double from, double until)>;

  /// @param availability  of the worker, which is up now.  @param book  told of the time computed.
  VirtualPace(Scheduler& scheduler, int rank, double seconds, std::span<const double> milestones,
              const Availability& availability, Book book)
      : scheduler_(&scheduler),
        availability_(&availability),
        book_(std::move(book)),
        rank_(rank),
        begin_(scheduler.now(rank)),
        seconds_(seconds),
        milestones_(milestones) {}

  /// Passes the milestones in turn, the rest of them when `arithmetic` has returned.  @throws CutOff
  void run(const std::function<void(ComputePace&)>& arithmetic) {
    promise_next();
    arithmetic(*this);
    if (passed_ < milestones_.size()) {
      passed_ = milestones_.size() - 1;
      promise_next();
      scheduler_->advance(rank_, next());
    }
    book_(begin_, scheduler_->now(rank_));
  }

  void milestone(const std::function<void()>& action) override {
    const double here = next();
    scheduler_->advance(rank_, here);
    try {
      action();
    } catch (const Departed&) {
      book_(begin_, here);
      throw;
    }
    if (const double after = scheduler_->now(rank_); after > here) {
      book_(begin_, here);
      begin_ = after;
      done_ = milestones_[passed_];
    }
    if (++passed_ < milestones_.size()) promise_next();
  }

  [[nodiscard]] double begin() const { return begin_; }

 private:
  [[nodiscard]] double next() const { return availability_->done(begin_, seconds_ * (milestones_[passed_] - done_)); }
  void promise_next() {
    const double time = next();
    if (std::isinf(time)) throw CutOff{};
    scheduler_->promise(rank_, time);
  }

  Scheduler* scheduler_;
  const Availability* availability_;
  Book book_;
  int rank_;
  double begin_;       ///< of what is under way since the last wait
  double done_ = 0.0;  ///< share of the computation before it
  double seconds_;
  std::span<const double> milestones_;
  std::size_t passed_ = 0;
};

}  // namespace

VirtualEndpoint::VirtualEndpoint(Scheduler& scheduler, Fences& fences, const ComputeModel& compute,
                                 const std::vector<Fault>& faults, int rank, int workers, int server_shards,
                                 std::uint64_t seed)
    : scheduler_(&scheduler),
      fences_(&fences),
      compute_(&compute),
      availability_(faults, rank),
      deaths_(final_deaths(faults)),
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

int VirtualEndpoint::spokesman() const {
  const auto dead = [this](int rank) {
    return std::any_of(deaths_.begin(), deaths_.end(),
                       [&](const Fault& death) { return death.worker == rank && death.at_s <= now(); });
  };
  int rank = 0;
  while (rank < rank_ && dead(rank)) ++rank;
  return rank;
}

void VirtualEndpoint::compute(double fraction, std::span<const double> milestones,
                              const std::function<void(ComputePace&)>& arithmetic) {
  come_up();
  const double seconds = fraction * compute_->draw(rank_, compute_stream_);
  VirtualPace pace(*scheduler_, rank_, seconds, milestones, availability_,
                   [this](double from, double until) { book_computing(from, until); });
  try {
    pace.run(arithmetic);
  } catch (const CutOff&) {
    book_computing(pace.begin(), availability_.gone_at());
    depart();
  }
}

void VirtualEndpoint::book_computing(double from, double until) {
  const double down = availability_.down(from, until);
  ledger_.compute += Seconds(until - from - down);
  down_ += Seconds(down);
  if (timeline_ != nullptr) timeline_->add(rank_, Span::Kind::kCompute, from, until);
}

/// A worker that is down does nothing before it is up again.
void VirtualEndpoint::come_up() {
  const double up = availability_.up_from(now());
  if (up == now()) return;
  if (std::isinf(up)) depart();
  down_ += Seconds(up - now());
  scheduler_->advance(rank_, up);
}

/// It has died and does nothing more.
void VirtualEndpoint::depart() {
  scheduler_->advance(rank_, availability_.gone_at());
  throw Departed{};
}

bool VirtualEndpoint::compute_unless_called_off(double fraction, const std::function<void()>& arithmetic) {
  come_up();
  const double begin = now();
  const double nominal = fraction * compute_->draw(rank_, compute_stream_);
  const double end = std::min(availability_.done(begin, nominal), availability_.gone_at());
  const double seconds = end == begin + nominal ? nominal : end - begin;
  const std::int64_t id = scheduler_->post(rank_, ComputeRequest{.seconds = seconds}, "a computation");
  scheduler_->promise(rank_, begin + seconds, id);
  arithmetic();
  const Ticket ticket = scheduler_->wait(rank_, id);
  book_computing(begin, std::min(now(), availability_.gone_at()));
  come_up();
  return ticket.value == 0;
}

std::int64_t VirtualEndpoint::post(Request request, std::string what, const at::Tensor& tensor) {
  if (tensor.defined()) fences_->lend(rank_, {tensor});
  return scheduler_->post(rank_, std::move(request), std::move(what));
}

Ticket VirtualEndpoint::wait(std::int64_t id) {
  const double from = now();
  Ticket ticket = scheduler_->wait(rank_, id);
  if (now() >= availability_.gone_at()) {
    ledger_.waiting += Seconds(availability_.gone_at() - from);
    depart();
  }
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
  if (timeline_ != nullptr) take_down(from, until, ticket);
  come_up();
  return ticket;
}

void VirtualEndpoint::take_down(double from, double until, const Ticket& ticket) {
  const double ready = std::clamp(ticket.ready, from, until);
  timeline_->add(rank_, Span::Kind::kWaiting, from, ready, ticket.what);
  timeline_->add(rank_, Span::Kind::kCommunication, ready, until, ticket.what);
  timeline_->add(rank_, Span::Kind::kTransfer, ticket.start, ticket.end, ticket.what);
}

void VirtualEndpoint::report(StepReport report) {
  scheduler_->tell(rank_, ReportRequest{std::move(report), now(), ledger_.wire.value});
}

void VirtualEndpoint::contribute(Contribution contribution) {
  fences_->lend(rank_, {contribution.share.parameters, contribution.buffers});
  scheduler_->tell(rank_, ContributeRequest{std::move(contribution), now(), ledger_.wire.value});
}

}  // namespace sac
