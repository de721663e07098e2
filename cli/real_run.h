#pragma once
#include <functional>
#include <vector>

#include "cli/command.h"
#include "cli/local_run.h"
#include "cli/train_flags.h"
#include "engine/fabric/group/launch.h"
#include "experiments/spec.h"

namespace sac {

/// True where the last source that speaks of cluster.fabric asks for another than the virtual cluster.
bool wants_real_ranks(const std::vector<Layer>& layers);

/// A command that several real processes carry out together.
struct RankedCommand {
  LocalRun local{};  ///< `ranks` follow from the spec
  /// What one of the ranks does.
  std::function<ExitCode(const RunSpec& spec, const Launch& launch)> as_rank{};
  bool dry_run = false;  ///< only print the resolved spec
};

/// Carries out a command on real processes: as one of them where torchrun, srun, mpirun or this program has started it
/// so; else it starts cluster.workers of them on this machine. Under a launcher cluster.workers is its number of ranks.
/// @throws ConfigError  half a launch environment, another number of workers, checkpoints asked for.
/// @throws Error        (kBackend) the fabric cannot be had here.  @throws RunError  a rank failed.
ExitCode run_on_ranks(std::vector<Layer> layers, RankedCommand command, const Globals& globals);

/// Trains that way.
ExitCode train_on_ranks(std::vector<Layer> layers, const TrainFlags& flags, const Globals& globals);

}  // namespace sac
