#include "engine/fabric/group/executor.h"

#include <memory>
#include <string>
#include <string_view>

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

/// part(). What it throws is told to the other ranks before anything is taken down here that waits for them.
template <typename Part>
auto telling(Watch& watch, int rank, const Part& part) {
  try {
    return part();
  } catch (const ClusterFailure&) {
    throw;
  } catch (const StopRequested&) {
    watch.fail(kStopped);
  } catch (const std::exception& error) {
    watch.fail("rank " + std::to_string(rank) + ": " + first_line(error));
  }
}

}  // namespace

RunOutcome GroupExecutor::run(const Job& job, MetricSink& sink) {
  Rendezvous store = Rendezvous::join(launch_, config_.timeout);
  Watch watch(store.clone(), launch_.rank, launch_.world_size);
  try {
    const auto world = telling(watch, launch_.rank,
                               [&] { return std::make_unique<GroupWorld>(job, sink, launch_, config_, store, watch); });
    return telling(watch, launch_.rank, [&] {
      world->run();
      RunOutcome outcome;
      world->fill(outcome);
      outcome.wall_seconds = outcome.seconds;
      watch.leave();
      return outcome;
    });
  } catch (const ClusterFailure& failure) {
    watch.leave();
    if (failure.what() == std::string_view(kStopped)) return stopped();
    throw;
  }
}

}  // namespace sac
