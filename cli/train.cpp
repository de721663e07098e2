#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

#include "cli/checkpoint_file.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/real_run.h"
#include "cli/run_output.h"
#include "cli/scheduled.h"
#include "cli/signals.h"
#include "cli/train_flags.h"
#include "engine/train/archive.h"
#include "experiments/machine.h"
#include "experiments/runner.h"
#include "experiments/tee.h"
#include "results/store.h"

namespace sac {
namespace {

/// The run to go on with.
/// @throws UsageError  other flags say what the spec says, or the run cannot be resumed.
RunRecord resumable_run(const TrainFlags& flags, const Store& store) {
  if (!flags.spec.empty()) {
    throw UsageError("--resume takes the whole spec from run '" + flags.resume +
                     "'; give only --db, --data-dir, --slots and --json with it");
  }
  RunRecord record = store.find(flags.resume);
  const std::string run = "run " + std::to_string(record.run) + " '" + record.name + "'";
  if (record.fabric != "virtual") {
    throw UsageError(run + " ran on " + record.fabric + "; --resume is for virtual runs, train it anew");
  }
  if (record.status == "FINISHED") throw UsageError(run + " is finished; there is nothing to resume");
  if (record.status == "RUNNING") throw UsageError(run + " is still running on " + record.host);
  const std::filesystem::path path = checkpoint_path(flags.database, record.name);
  if (!std::filesystem::exists(path)) {
    throw UsageError(run + " is " + record.status + " and has no checkpoint '" + path.string() +
                     "'; train it anew (train.checkpoint_every = N writes one every N steps)");
  }
  return record;
}

ExitCode run_and_report(PreparedRun run, RunSink& sink, const TrainFlags& flags, const Globals& globals) {
  const RunContext context = run.context;
  if (globals.verbosity > 0) say_what_runs(run);
  const bool resumed = run.job.resume;
  const std::shared_ptr<const Timeline> timeline = run.timeline;
  ProgressDisplay display(ProgressDisplay::style_for(globals.quiet));
  Tee tee({&sink, &display});
  std::filesystem::path path;
  run.job.checkpointing = [&](std::int64_t step) { sink.checkpointed(path.string(), step); };
  const RunOutcome outcome = execute(std::move(run), tee, [&] {
    path = checkpoint_path(flags.database, sink.run_name());
    if (!resumed) remove_checkpoint(path);
    return path.string();
  });
  if (timeline) sink.timeline(timeline->spans());
  if (outcome.status == RunStatus::kFinished) remove_checkpoint(path);
  print_run(flags, globals, context, sink, outcome);
  if (outcome.status != RunStatus::kKilled) return ExitCode::kOk;
  if (!globals.quiet) {
    print_note("stopped; go on with: sactool train --resume " + std::to_string(sink.run_id()) + " --db " +
               flags.database);
  }
  return ExitCode::kResumable;
}

RunSettings settings_of(const TrainFlags& flags) {
  return {.slots = static_cast<int>(flags.slots),
          .data_dir = flags.data_dir,
          .argv = command_line(),
          .stop = &catch_stop_signals(),
          .save = flags.save,
          .timeline = flags.timeline};
}

std::vector<Layer> stored_layers(const RunRecord& record) {
  return {read_spec_text(record.spec, "spec of run " + std::to_string(record.run))};
}

RunSpec stored_spec(const RunRecord& record) { return resolve(stored_layers(record)); }

ExitCode train_anew(const TrainFlags& flags, const Globals& globals) {
  std::vector<Layer> layers = read_layers(flags.spec);
  if (wants_real_ranks(layers)) return train_on_ranks(std::move(layers), flags, globals);
  const RunSpec spec = resolve(layers);
  if (flags.dry_run) {
    std::cout << annotated_toml(spec);
    return ExitCode::kOk;
  }
  PreparedRun run = prepare_run(spec, settings_of(flags));
  const Store store = Store::open(flags.database, Store::Mode::kWrite);
  const std::unique_ptr<RunSink> sink = store.sink();
  return run_and_report(std::move(run), *sink, flags, globals);
}

/// Makes a stored run, from its checkpoint or, at `step` 0, from the start.
ExitCode take_up(const Store& store, const RunRecord& record, std::int64_t step, const TrainFlags& flags,
                 const Globals& globals) {
  PreparedRun run = prepare_run(stored_spec(record), settings_of(flags));
  run.context.name = record.name;
  run.job.resume = step > 0;
  const std::unique_ptr<RunSink> sink = store.resume_sink(record.run, step);
  return run_and_report(std::move(run), *sink, flags, globals);
}

ExitCode resume(const TrainFlags& flags, const Globals& globals) {
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  const RunRecord record = resumable_run(flags, store);
  if (flags.dry_run) {
    std::cout << annotated_toml(stored_spec(record));
    return ExitCode::kOk;
  }
  const std::string checkpoint = checkpoint_path(flags.database, record.name).string();
  return take_up(store, record, checkpoint_step(checkpoint), flags, globals);
}

ExitCode make_scheduled(const TrainFlags& flags, const Globals& globals) {
  if (!flags.spec.empty()) {
    throw UsageError("--scheduled takes the whole spec from run '" + flags.scheduled +
                     "'; give only --db, --data-dir, --slots and --json with it");
  }
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  const RunRecord record = store.find(flags.scheduled);
  if (record.fabric != "virtual") return train_on_ranks(stored_layers(record), flags, globals);
  const std::filesystem::path checkpoint = checkpoint_path(flags.database, record.name);
  const bool has_checkpoint = record.checkpoint_step > 0 && std::filesystem::exists(checkpoint);
  return take_up(store, record, has_checkpoint ? checkpoint_step(checkpoint.string()) : 0, flags, globals);
}

ExitCode make_scheduled_or_say_why(const TrainFlags& flags, const Globals& globals) {
  try {
    return make_scheduled(flags, globals);
  } catch (const StoreError& error) {
    print_error(error.what());
    return static_cast<ExitCode>(kDatabaseTrouble);
  }
}

std::function<ExitCode()> add_train(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<TrainFlags>();
  declare_train_flags(sub, *flags);
  return [flags, &globals] {
    if (!flags->scheduled.empty()) return make_scheduled_or_say_why(*flags, globals);
    return flags->resume.empty() ? train_anew(*flags, globals) : resume(*flags, globals);
  };
}

const Register<CommandEntry> registered{
    {.name = "train", .order = 10, .summary = "Train one run and store it", .add = add_train}};

}  // namespace
}  // namespace sac
