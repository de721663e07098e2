#include "cli/real_run.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/progress.h"
#include "cli/run_output.h"
#include "cli/signals.h"
#include "experiments/backend.h"
#include "experiments/machine.h"
#include "experiments/runner.h"
#include "experiments/tee.h"
#include "results/store.h"

namespace sac {
namespace {

const std::string kFabric = "cluster.fabric";
const std::string kWorkers = "cluster.workers";
const std::string kCheckpoints = "checkpoint_every";

std::string origin_of(const RunSpec& spec, const std::string& key) {
  const auto found = spec.origins.find(key);
  return found == spec.origins.end() ? "default" : found->second;
}

/// What makes sense on the virtual cluster only.
void check_for_ranks(const RunSpec& spec, std::int64_t ranks_here) {
  const std::string& fabric = spec.table("cluster").text("fabric");
  const std::int64_t every = spec.table("train").integer(kCheckpoints);
  if (every > 0) {
    throw ConfigError(origin_of(spec, "train." + kCheckpoints) + ": train.checkpoint_every = " + std::to_string(every) +
                      " does not go with cluster.fabric = " + fabric + "; only virtual runs have checkpoints, give 0");
  }
  require_fabric(fabric, ranks_here);
}

void check_workers(const RunSpec& spec, const Launch& launch) {
  if (spec.workers() == launch.world_size) return;
  throw ConfigError(origin_of(spec, kWorkers) + ": cluster.workers = " + std::to_string(spec.workers()) +
                    " does not fit the " + std::to_string(launch.world_size) + " ranks that " + launch.launcher +
                    " started; leave it out, or start as many ranks");
}

ExitCode code_of(const RunOutcome& outcome) {
  return outcome.status == RunStatus::kKilled ? stop_code() : ExitCode::kOk;
}

RunOutcome run_rank(PreparedRun run, MetricSink& sink) {
  return execute(std::move(run), sink, [] { return std::string(); });
}

/// Rank 0: the one that keeps the results and talks.
ExitCode run_first_rank(PreparedRun run, const TrainFlags& flags, const Globals& globals) {
  const RunContext context = run.context;
  const Store store = Store::open(flags.database, Store::Mode::kWrite);
  const std::unique_ptr<RunSink> sink =
      flags.scheduled.empty() ? store.sink() : store.resume_sink(store.find(flags.scheduled).run, std::nullopt);
  if (globals.verbosity > 0) say_what_runs(run);
  ProgressDisplay display(ProgressDisplay::style_for(globals.quiet));
  Tee tee({sink.get(), &display});
  const RunOutcome outcome = run_rank(std::move(run), tee);
  print_run(flags, globals, context, *sink, outcome);
  return code_of(outcome);
}

ExitCode train_as_rank(const RunSpec& spec, const Launch& launch, const TrainFlags& flags, const Globals& globals) {
  const bool first = launch.rank == 0;
  const bool talks = first && launch.launcher != kOwnLauncher && !globals.quiet;
  PreparedRun run = prepare_run(spec, {.slots = static_cast<int>(flags.slots),
                                       .data_dir = flags.data_dir,
                                       .argv = command_line(),
                                       .stop = &catch_stop_signals(talks),
                                       .save = first ? flags.save : "",
                                       .launch = launch});
  if (first) return run_first_rank(std::move(run), flags, globals);
  Tee nobody({});
  return code_of(run_rank(std::move(run), nobody));
}

/// Rank 0 was killed or did not know why it had to end: says in its place how its run ended. What is wrong with the
/// database has been said by rank 0, which is the first to open it.
void end_run_of(const ProcessId& rank0, const std::string& database, RunStatus status, const std::string& error) {
  try {
    if (std::filesystem::exists(database)) {
      Store::open(database, Store::Mode::kRead).end_run_of(rank0, status, error);
    }
  } catch (const StoreError&) {
  }
}

/// Under our own launcher, which names the rank itself, errors stay as they are.
[[noreturn]] void rethrow_named(const Error& error, const Launch& launch) {
  const std::string who = launch.launcher == kOwnLauncher ? "" : "rank " + std::to_string(launch.rank) + ": ";
  throw Error(error.exit_code(), who + error.what());
}

}  // namespace

bool wants_real_ranks(const std::vector<Layer>& layers) {
  std::string fabric = "virtual";
  for (const Layer& layer : layers) {
    for (const Setting& setting : layer.settings) {
      const auto* name = std::get_if<std::string>(&setting.value);
      if (setting.key == kFabric && name != nullptr) fabric = *name;
    }
  }
  return fabric != "virtual";
}

ExitCode run_on_ranks(std::vector<Layer> layers, RankedCommand command, const Globals& globals) {
  const std::optional<Launch> launch = launch_from_environment(&std::getenv);
  if (launch) {
    const std::int64_t size = launch->world_size;
    layers.insert(layers.begin(), Layer{.settings = {{kWorkers, size, launch->launcher}}});
  }
  const RunSpec spec = resolve(layers);
  if (command.dry_run) {
    if (!launch || launch->rank == 0) std::cout << annotated_toml(spec);
    return ExitCode::kOk;
  }
  check_for_ranks(spec, launch ? launch->local_world_size : spec.workers());
  if (!launch) {
    command.local.ranks = spec.workers();
    return run_on_local_ranks(command.local, globals);
  }
  check_workers(spec, *launch);
  try {
    return command.as_rank(spec, *launch);
  } catch (const CommunicationError&) {
    throw;  // it names the rank
  } catch (const Error& error) {
    rethrow_named(error, *launch);
  }
}

ExitCode train_on_ranks(std::vector<Layer> layers, const TrainFlags& flags, const Globals& globals) {
  return run_on_ranks(
      std::move(layers),
      {.local = {.beside = flags.database,
                 .ended = [&flags](const ProcessId& rank0, RunStatus status,
                                   const std::string& error) { end_run_of(rank0, flags.database, status, error); }},
       .as_rank = [&](const RunSpec& spec,
                      const Launch& launch) { return train_as_rank(spec, launch, flags, globals); },
       .dry_run = flags.dry_run},
      globals);
}

}  // namespace sac
