#include "experiments/sweep.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include "cli/checkpoint_folder.h"
#include "cli/command.h"
#include "cli/data_dir_option.h"
#include "cli/db_option.h"
#include "cli/output.h"
#include "cli/spec_flags.h"
#include "cli/sweep_listing.h"
#include "cli/sweep_runner.h"
#include "cli/train_flags.h"
#include "engine/core/sha256.h"
#include "experiments/machine.h"
#include "experiments/sweep_arguments.h"
#include "results/json.h"

namespace sac {
namespace {

constexpr const char* kExamples =
    "  sactool sweep periods.toml                         every run of [sweep], as many at a time as there are cores\n"
    "  sactool sweep periods.toml --dry-run               the runs, and what is done of them\n"
    "  sactool sweep exp.toml --set strategy.name=[sync_sgd,local_sgd] --seeds 5\n"
    "  sactool sweep periods.toml --retry-failed --jobs 2\n"
    "  sactool sweep periods.toml --emit slurm > job.sh   an array job, one run a task\n"
    "\n"
    "The same command goes on with a sweep: finished runs are skipped, stopped ones resumed. Several processes may\n"
    "work on one sweep in one database. Exit codes: 3 some runs failed, 75 stopped.";

struct SweepFlags {
  SpecFlags spec;
  std::string seeds;
  std::string name;
  std::string database;
  std::string data_dir;
  std::string emit;
  std::int64_t jobs = 0;
  std::int64_t take = 0;
  std::int64_t timeline = kTimeline;
  bool retry_failed = false;
  bool dry_run = false;
  bool json = false;
};

/// The sweep as the file and the command line give it together.
struct GivenSweep {
  std::vector<Layer> layers;
  SweepTable table;
};

/// Moves the lists out of the --set flags.
std::vector<Parameter> take_lists(SpecFlags& flags) {
  std::vector<Parameter> lists;
  std::erase_if(flags.sets, [&lists](const std::string& set) {
    std::optional<Parameter> list = swept_assignment(set, "--set");
    if (list) lists.push_back(std::move(*list));
    return list.has_value();
  });
  return lists;
}

/// Keys that a source after the file sets to one value.
Strings fixed_keys(const std::vector<Layer>& layers, const std::string& file) {
  Strings keys;
  for (const Layer& layer : layers) {
    for (const Setting& setting : layer.settings) {
      const bool later = setting.origin.starts_with("--") || setting.origin.starts_with("SACTOOL_");
      if (later && !setting.origin.starts_with(file + ":")) keys.push_back(setting.key);
    }
  }
  return keys;
}

GivenSweep given_sweep(const SweepFlags& flags) {
  SpecFlags spec = flags.spec;
  SweepOverrides overrides{.name = flags.name, .parameters = take_lists(spec)};
  if (!flags.seeds.empty()) overrides.seeds = parse_seeds(flags.seeds, "--seeds");
  GivenSweep given{.layers = read_layers(spec), .table = {}};
  if (!spec.file.empty()) given.table = read_sweep_table(spec.file);
  for (Layer& layer : given.layers) layer.sweep.clear();
  overrides.fixed = fixed_keys(given.layers, spec.file);
  given.table = with_overrides(std::move(given.table), overrides);
  if (given.table.name.empty()) {
    given.table.name = spec.file.empty() ? "sweep" : std::filesystem::path(spec.file).stem().string();
  }
  return given;
}

std::string sweep_key(const std::vector<RunContext>& runs) {
  Sha256 hash;
  for (const RunContext& run : runs) hash.update(run.key);
  return hash.hex();
}

/// What every child is told besides its run.
Strings child_arguments(const SweepFlags& flags, std::size_t jobs) {
  const std::size_t slots = std::max<std::size_t>(1, static_cast<std::size_t>(usable_cores()) / jobs);
  Strings arguments{
      "-q", "--db", flags.database, "--slots", std::to_string(slots), "--timeline", std::to_string(flags.timeline)};
  if (!flags.data_dir.empty()) arguments.insert(arguments.end(), {"--data-dir", flags.data_dir});
  return arguments;
}

ExitCode code_of(const SweepEnd& end) {
  if (end.stopped) return ExitCode::kResumable;
  return end.counts.failed > 0 || end.incomplete ? ExitCode::kSweepFailed : ExitCode::kOk;
}

std::string end_text(const SweepPlan& plan, const SweepEnd& end, const std::string& database) {
  const SweepCounts& counts = end.counts;
  std::string text = "sweep '" + plan.name + "': " + std::to_string(counts.finished) + " of " +
                     std::to_string(counts.runs()) + " runs finished";
  if (counts.given_up > 0) text += ", " + std::to_string(counts.given_up) + " stopped early";
  if (counts.failed > 0) text += ", " + std::to_string(counts.failed) + " failed (try again: --retry-failed)";
  if (counts.waiting > 0) text += ", " + std::to_string(counts.waiting) + " to go (the same command goes on)";
  return text + "; compare them: sactool compare " + plan.name + " --db " + database;
}

void print_end(const SweepFlags& flags, const Globals& globals, const SweepPlan& plan, SweepStore& store,
               std::int64_t sweep, const SweepEnd& end) {
  const std::map<std::string, std::string> failures = store.failures(sweep);
  if (flags.json) {
    std::cout << json_text({{"sweep", sweep},
                            {"name", plan.name},
                            {"runs", end.counts.runs()},
                            {"finished", end.counts.finished},
                            {"failed", end.counts.failed},
                            {"running", end.counts.running},
                            {"stopped_early", end.counts.given_up},
                            {"waiting", end.counts.waiting},
                            {"failures", failures}});
  } else if (!globals.quiet) {
    std::cout << end_text(plan, end, flags.database) << "\n";
  }
  for (const auto& [name, error] : failures) print_note("run '" + name + "' failed: " + error);
}

/// A run that was killed right after its end was written leaves its last checkpoints behind.
void remove_obsolete_checkpoints(SweepStore& store, std::int64_t sweep, const std::string& database) {
  if (!std::filesystem::exists(folder_beside(database, ".checkpoints"))) return;
  for (const std::string& name : store.finished_without_checkpoints(sweep)) checkpoints_of(database, name).remove();
}

ExitCode carry_out(const SweepFlags& flags, const Globals& globals, const BlockedSignals& signals,
                   const SweepPlan& plan, const EarlyStop& early_stop, const std::vector<RunContext>& runs) {
  SweepStore store(flags.database);
  const std::int64_t sweep = store.enter(
      {.key = sweep_key(runs), .name = plan.name, .method = plan.method, .axes = join(plan.axes, " ")}, runs);
  const std::size_t most =
      flags.jobs > 0 ? static_cast<std::size_t>(flags.jobs) : static_cast<std::size_t>(usable_cores());
  const std::size_t jobs = std::min(most, runs.size());
  SweepRunner runner(signals, store, sweep,
                     {.database = flags.database,
                      .name = plan.name,
                      .jobs = jobs,
                      .take = flags.take,
                      .retry_failed = flags.retry_failed,
                      .early_stop = early_stop,
                      .child_arguments = child_arguments(flags, jobs),
                      .progress = ProgressDisplay::style_for(globals.quiet)});
  const SweepEnd end = runner.run();
  remove_obsolete_checkpoints(store, sweep, flags.database);
  print_end(flags, globals, plan, store, sweep, end);
  return code_of(end);
}

/// @throws ConfigError  early stopping would wait for values that never come.
void check_early_stop(const SweepTable& table, const SweepPlan& plan) {
  const EarlyStop& rule = table.early_stop;
  if (!rule.active() || (rule.series != "loss" && rule.series != "accuracy")) return;
  for (const SweepRun& run : plan.runs) {
    if (run.spec.table("train").integer("eval_every") > 0) continue;
    throw ConfigError(table.origin + ": early_terminate looks at " + rule.series +
                      ", which train.eval_every = 0 records at the end only; give train.eval_every, or metric "
                      "\"train_loss\"");
  }
}

ExitCode run_sweep(const SweepFlags& flags, const Globals& globals) {
  const BlockedSignals signals;
  const GivenSweep given = given_sweep(flags);
  const SweepPlan plan = plan_sweep(given.layers, given.table);
  check_early_stop(given.table, plan);
  const std::vector<RunContext> runs = contexts_of(plan, flags.data_dir);
  if (flags.dry_run) {
    const SweepListing listing(plan, runs, flags.database);
    std::cout << (flags.json ? listing.json() : listing.text(globals.color));
    return ExitCode::kOk;
  }
  if (!flags.emit.empty()) {
    std::cout << slurm_script(plan.name, runs.size(), command_line());
    return ExitCode::kOk;
  }
  return carry_out(flags, globals, signals, plan, given.table.early_stop, runs);
}

std::function<ExitCode()> add_sweep(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<SweepFlags>();
  sub.footer(kExamples);
  add_spec_options(sub, flags->spec, "A spec with a [sweep], as TOML");
  sub.add_option("--seeds", flags->seeds, "How many seeds, or which: 5, or 0,1,7")
      ->type_name("N|LIST")
      ->check(empty_name);
  sub.get_option("--name")->description("Of the sweep [the file's]");
  add_db_option(sub, flags->database);
  add_data_dir_option(sub, flags->data_dir);
  sub.add_option("--jobs", flags->jobs, "Runs at a time, each a process [cores]")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  sub.add_option("--take", flags->take, "End after starting N runs here")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  add_timeline_option(sub, flags->timeline);
  sub.add_flag("--retry-failed", flags->retry_failed, "Start failed runs again");
  sub.add_option("--emit", flags->emit, "Print a job script instead of running: slurm")
      ->type_name("SYSTEM")
      ->check(CLI::IsMember({"slurm"}));
  sub.add_flag("--dry-run", flags->dry_run, "List the runs and what is done of them; run nothing");
  sub.add_flag("--json", flags->json, "One JSON object on stdout");
  return [flags, &globals] {
    std::erase_if(flags->spec.shorthands, [&](const auto& shorthand) {
      if (shorthand.first == "--name") flags->name = shorthand.second;
      return shorthand.first == "--name";
    });
    return run_sweep(*flags, globals);
  };
}

const Register<CommandEntry> registered{{.name = "sweep",
                                         .order = 20,
                                         .summary = "Make many runs of a spec: over strategies, options and seeds",
                                         .add = add_sweep}};

}  // namespace
}  // namespace sac
