#include "engine/fabric/group/executor.h"

#include "engine/core/error.h"
#include "engine/fabric/group/group_world.h"

namespace sac {
namespace {

/// What a rank says when it was asked to stop, and the others then read.
constexpr const char* kStopped = "stopped";

RunOutcome stopped() {
  RunOutcome outcome;
  outcome.status = RunStatus::kKilled;
  return outcome;
}

[[noreturn]] void fail(Watch& watch, int rank, const std::string& why) {
  watch.fail("rank " + std::to_string(rank) + ": " + why.substr(0, why.find('\n')));
}

}  // namespace

RunOutcome GroupExecutor::run(const Job& job, MetricSink& sink) {
  Rendezvous store = Rendezvous::join(launch_, config_.timeout);
  Watch watch(store.clone(), launch_.rank, launch_.world_size);
  try {
    try {
      GroupWorld world(job, sink, launch_, config_, store, watch);
      world.run();
      RunOutcome outcome;
      world.fill(outcome);
      outcome.wall_seconds = outcome.seconds;
      watch.leave();
      return outcome;
    } catch (const ClusterFailure&) {
      throw;
    } catch (const StopRequested&) {
      watch.fail(kStopped);
    } catch (const std::exception& error) {
      fail(watch, launch_.rank, error.what());
    }
  } catch (const ClusterFailure& failure) {
    if (failure.what() == std::string_view(kStopped)) return stopped();
    throw;
  }
}

}  // namespace sac
