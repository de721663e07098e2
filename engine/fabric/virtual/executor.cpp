#include "engine/fabric/virtual/executor.h"

#include <chrono>

#include "engine/core/error.h"
#include "engine/fabric/virtual/virtual_world.h"
#include "engine/train/worker_loop.h"

namespace sac {

VirtualExecutor::VirtualExecutor(ClusterConfig config, int slots) : config_(std::move(config)), slots_(slots) {}

RunOutcome VirtualExecutor::run(const Job& job, MetricSink& sink) {
  Scheduler scheduler(static_cast<int>(job.workers), slots_);
  VirtualWorld world(job, config_, sink, scheduler);
  if (job.resume) world.restore(*job.resume);
  const auto begin = std::chrono::steady_clock::now();
  const bool finished = scheduler.run(world, [&](int rank) {
    const auto stream = world.fences().worker_stream(rank);
    WorkerLoop(job, rank, world.endpoint(rank)).run(scheduler.state(rank));
  });
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;

  if (finished) world.require_survivors();
  RunOutcome outcome;
  outcome.wall_seconds = wall.count() - world.evaluation_seconds();
  outcome.status = finished ? RunStatus::kFinished : RunStatus::kKilled;
  world.fill(outcome);
  const bool checkpoints = !job.checkpoint_path.empty() && Checkpoints(job.checkpoint_path).any();
  outcome.resumable = checkpoints && !finished;
  outcome.checkpoint = checkpoints && (!finished || job.checkpoints_stay) ? job.checkpoint_path : "";
  return outcome;
}

}  // namespace sac
