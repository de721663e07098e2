#include "engine/fabric/virtual/executor.h"

#include <chrono>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/fabric/virtual/virtual_world.h"
#include "engine/train/worker_loop.h"

namespace sac {

VirtualExecutor::VirtualExecutor(ClusterConfig config, int slots) : config_(std::move(config)), slots_(slots) {}

RunOutcome VirtualExecutor::run(const Job& job, MetricSink& sink) {
  Scheduler scheduler(static_cast<int>(job.workers), slots_);
  VirtualWorld world(job, config_, sink, scheduler);
  if (job.resume) {
    Archive archive = read_archive(job.checkpoint_path);
    world.restore(archive);
  }
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
  if (finished) return outcome;
  outcome.resumable = !job.checkpoint_path.empty() && std::filesystem::exists(job.checkpoint_path);
  outcome.checkpoint = outcome.resumable ? job.checkpoint_path : "";
  return outcome;
}

}  // namespace sac
