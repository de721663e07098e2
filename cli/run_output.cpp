#include "cli/run_output.h"

#include <iostream>

#include "cli/output.h"
#include "cli/run_json.h"

namespace sac {

void print_run(const TrainFlags& flags, const Globals& globals, const RunContext& context, const RunSink& sink,
               const RunOutcome& outcome) {
  if (flags.json) {
    std::cout << json_text(run_json(context, sink.run_id(), sink.run_name(), outcome));
  } else if (!globals.quiet) {
    std::cout << run_text(context, sink.run_id(), sink.run_name(), outcome);
  }
}

void say_what_runs(const PreparedRun& run) {
  const RunContext& context = run.context;
  const std::string how =
      run.launch ? context.fabric + " ranks by " + run.launch->launcher : std::to_string(run.slots) + " slots";
  print_note(context.strategy + " on " + context.dataset + ": " + std::to_string(context.workers) + " workers, " +
             std::to_string(context.steps) + " steps of " + std::to_string(context.batch_size) + " samples, model " +
             context.model + " with " + std::to_string(context.parameters) + " parameters, " + how + ", key " +
             context.key.substr(0, 12));
}

}  // namespace sac
