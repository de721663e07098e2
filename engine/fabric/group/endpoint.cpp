#include "engine/fabric/group/endpoint.h"

#include <utility>

#include "engine/core/error.h"

namespace sac {
namespace {

/// Real time passes by itself.
class RealPace final : public ComputePace {
 public:
  void milestone(const std::function<void()>& action) override { action(); }
};

}  // namespace

GroupEndpoint::GroupEndpoint(RankContext& context, GroupCommunicator& world, GroupServer* server, bool rounds,
                             Reports& reports, Contribute contribute, const std::atomic<bool>* stop)
    : context_(&context),
      world_(&world),
      server_(server),
      rounds_(rounds),
      reports_(&reports),
      contribute_(std::move(contribute)),
      stop_(stop) {}

ParameterServer& GroupEndpoint::server() {
  if (server_ == nullptr) {
    throw CommunicationError("a worker calls the parameter server, but its strategy's traits ask for none");
  }
  return *server_;
}

void GroupEndpoint::compute(double /*fraction*/, std::span<const double> /*milestones*/,
                            const std::function<void(ComputePace&)>& arithmetic) {
  RealPace pace;
  arithmetic(pace);
}

void GroupEndpoint::report(StepReport report) {
  reports_->send({.report = std::move(report), .clock = clock_.now().value, .wire_bytes = ledger().wire.value});
}

void GroupEndpoint::leave_server() { server_->announce(ServerCall::kAway); }

void GroupEndpoint::come_back_to_server() { server_->announce(ServerCall::kBack); }

/// Ranks wait for one another here, and so must not wait for one another at the server, unless it has brought them
/// here.
void GroupEndpoint::contribute(Contribution contribution) {
  const bool steps_aside = server_ != nullptr && !rounds_;
  StreamMark(context_->device).wait();
  clock_.pause();
  if (steps_aside) leave_server();
  contribute_(contribution, clock_.now().value, ledger().wire.value);
  if (steps_aside) come_back_to_server();
  clock_.resume();
}

bool GroupEndpoint::wants_boundary(std::int64_t /*step*/, bool /*due*/) {
  context_->watch->check();
  if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) throw StopRequested{};
  return false;
}

void GroupEndpoint::settle() {
  const double now = clock_.now().value;
  for (GroupCommunicator* communicator : context_->communicators) communicator->settle();
  Ledger& ledger = *context_->ledger;
  ledger.compute = Seconds(now) - ledger.communication - ledger.waiting - ledger.idle;
}

}  // namespace sac
