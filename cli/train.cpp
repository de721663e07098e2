#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

#include "cli/checkpoint_folder.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/real_run.h"
#include "cli/run_output.h"
#include "cli/scheduled.h"
#include "cli/signals.h"
#include "cli/train_flags.h"
#include "experiments/machine.h"
#include "experiments/runner.h"
#include "experiments/tee.h"
#include "results/store.h"

namespace sac {
namespace {

std::string text_of(const RunRecord& record) { return "run " + std::to_string(record.run) + " '" + record.name + "'"; }

/// @throws UsageError  there is none.
RunRecord newest_resumable(const Store& store) {
  std::vector<RunRecord> runs = store.runs();
  std::erase_if(runs, [](const RunRecord& run) { return !run.resumable; });
  if (runs.empty()) throw UsageError("no run in '" + store.path().string() + "' has been stopped with a checkpoint");
  return runs.back();
}

/// The run to go on with.
/// @throws UsageError  other flags say what the spec says, or the run cannot be resumed.
RunRecord resumable_run(const TrainFlags& flags, const Store& store) {
  if (!flags.spec.empty()) {
    throw UsageError("--resume takes the whole spec from run '" + flags.resume +
                     "'; give only --db, --data-dir, --slots and --json with it");
  }
  RunRecord record = flags.resume == kNewestRun ? newest_resumable(store) : store.find(flags.resume);
  const std::string run = text_of(record);
  if (record.fabric != "virtual") {
    throw UsageError(run + " ran on " + record.fabric + "; --resume is for virtual runs, train it anew");
  }
  if (record.status == "FINISHED") throw UsageError(run + " is finished; there is nothing to resume");
  if (record.status == "RUNNING") throw UsageError(run + " is still running on " + record.host);
  return record;
}

void note_unless_quiet(const Globals& globals, const std::string& text) {
  if (!globals.quiet) print_note(text);
}

/// The newest whole checkpoint of a run; says which ones are passed over and which it is.
std::shared_ptr<const Checkpoint> newest_checkpoint(const TrainFlags& flags, const RunRecord& record,
                                                    const Globals& globals) {
  const auto passed_over = [](const std::string& text) { print_note(text); };
  std::optional<Checkpoint> found = checkpoints_of(flags.database, record.name).newest(record.key, passed_over);
  if (!found) return nullptr;
  note_unless_quiet(globals, "going on with " + text_of(record) + " after step " +
                                 std::to_string(found->manifest.step) + ", from '" + found->folder.string() + "'");
  return std::make_shared<const Checkpoint>(std::move(*found));
}

ExitCode run_and_report(PreparedRun run, RunSink& sink, const TrainFlags& flags, const Globals& globals) {
  const RunContext context = run.context;
  if (globals.verbosity > 0) say_what_runs(run);
  const bool resumed = run.job.resume != nullptr;
  run.job.checkpoints_stay = flags.scheduled.empty() && run.job.train.checkpoint_every > 0;
  const std::shared_ptr<const Timeline> timeline = run.timeline;
  ProgressDisplay display(ProgressDisplay::style_for(globals.quiet));
  Tee tee({&sink, &display});
  std::filesystem::path folder;
  run.job.checkpointing = [&](std::int64_t step) { sink.checkpointed(folder.string(), step); };
  const RunOutcome outcome = execute(std::move(run), tee, [&] {
    folder = checkpoint_folder(flags.database, sink.run_name());
    if (!resumed) Checkpoints(folder).remove();
    return folder.string();
  });
  if (timeline) sink.timeline(timeline->spans());
  if (outcome.checkpoint.empty()) Checkpoints(folder).remove();
  print_run(flags, globals, context, sink, outcome);
  if (outcome.status != RunStatus::kKilled) return ExitCode::kOk;
  note_unless_quiet(globals, "stopped; go on with: sactool train --resume " + std::to_string(sink.run_id()) + " --db " +
                                 flags.database);
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

/// Makes a stored run, from a checkpoint or, where there is none, from the start.
ExitCode take_up(const Store& store, const RunRecord& record, std::shared_ptr<const Checkpoint> checkpoint,
                 const TrainFlags& flags, const Globals& globals) {
  PreparedRun run = prepare_run(stored_spec(record), settings_of(flags));
  run.context.name = record.name;
  std::optional<std::int64_t> recorded;
  if (checkpoint) recorded = checkpoint->manifest.recorded_step;
  run.job.resume = std::move(checkpoint);
  const std::unique_ptr<RunSink> sink = store.resume_sink(record.run, recorded);
  return run_and_report(std::move(run), *sink, flags, globals);
}

ExitCode resume(const TrainFlags& flags, const Globals& globals) {
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  const RunRecord record = resumable_run(flags, store);
  if (flags.dry_run) {
    std::cout << annotated_toml(stored_spec(record));
    return ExitCode::kOk;
  }
  std::shared_ptr<const Checkpoint> checkpoint = newest_checkpoint(flags, record, globals);
  if (!checkpoint) {
    throw UsageError(text_of(record) + " is " + record.status + " and has no whole checkpoint in '" +
                     checkpoint_folder(flags.database, record.name).string() +
                     "'; train it anew (train.checkpoint_every = N writes one every N steps)");
  }
  return take_up(store, record, std::move(checkpoint), flags, globals);
}

ExitCode make_scheduled(const TrainFlags& flags, const Globals& globals) {
  if (!flags.spec.empty()) {
    throw UsageError("--scheduled takes the whole spec from run '" + flags.scheduled +
                     "'; give only --db, --data-dir, --slots and --json with it");
  }
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  const RunRecord record = store.find(flags.scheduled);
  if (record.fabric != "virtual") return train_on_ranks(stored_layers(record), flags, globals);
  return take_up(store, record, record.checkpoint.empty() ? nullptr : newest_checkpoint(flags, record, globals), flags,
                 globals);
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
  return [flags, resume_option = sub.get_option("--resume"), &globals] {
    if (!flags->scheduled.empty()) return make_scheduled_or_say_why(*flags, globals);
    if (flags->resume.empty() && resume_option->count() > 0) throw UsageError("--resume: the name is empty");
    return flags->resume.empty() ? train_anew(*flags, globals) : resume(*flags, globals);
  };
}

const Register<CommandEntry> registered{
    {.name = "train", .order = 10, .summary = "Train one run and store it", .add = add_train}};

}  // namespace
}  // namespace sac
