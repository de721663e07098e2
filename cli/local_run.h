#pragma once
#include "cli/command.h"
#include "cli/train_flags.h"
#include "experiments/spec.h"

namespace sac {

/// Starts cluster.workers ranks of this command line on this machine and stays until all have ended. Rank 0 keeps the
/// terminal; the others' logs lie beside the database and are removed after a good end. Where rank 0 cannot say itself
/// how the run ended, the database is told here.
/// @throws RunError  a rank failed: which, how, with its last error line and where its log is.
/// @throws Error     a rank found, before the first step, that the run cannot be (its message and exit code).
ExitCode train_on_local_ranks(const RunSpec& spec, const TrainFlags& flags, const Globals& globals);

}  // namespace sac
