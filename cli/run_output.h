#pragma once
#include "cli/command.h"
#include "cli/train_flags.h"
#include "experiments/runner.h"
#include "results/store.h"

namespace sac {

/// The end of a run on stdout, for a reader or as JSON; nothing when quiet.
void print_run(const TrainFlags& flags, const Globals& globals, const RunContext& context, const RunSink& sink,
               const RunOutcome& outcome);

/// One note of what is about to run.
void say_what_runs(const PreparedRun& run);

}  // namespace sac
