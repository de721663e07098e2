#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

#include "cli/command.h"
#include "cli/db_option.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/run_json.h"
#include "cli/signals.h"
#include "engine/train/archive.h"
#include "experiments/machine.h"
#include "experiments/runner.h"
#include "experiments/tee.h"
#include "results/store.h"

namespace sac {
namespace {

constexpr const char* kExamples =
    "  sactool train                                      sync_sgd, 4 workers, mlp on Fashion-MNIST, one epoch\n"
    "  sactool train --strategy staged --workers 8 --steps 500\n"
    "  sactool train exp.toml --set strategy.period=8 --set model.hidden=[256,128]\n"
    "  sactool train exp.toml --dry-run                   the resolved spec and who set each key\n"
    "  sactool train --resume 12                          a run that was stopped or killed\n"
    "\n"
    "Later sources win: defaults, config.toml in ~/.config/sactool, SPEC, --config, SACTOOL_TABLE__KEY variables\n"
    "(SACTOOL_TRAIN__STEPS=10), --set, flags.";

struct TrainFlags {
  std::string spec;
  Strings configs;
  Strings sets;
  std::vector<std::pair<std::string, std::string>> shorthands;  ///< flag, value; see kShorthands
  std::int64_t slots = usable_cores();
  std::string database;
  std::string data_dir;
  std::string resume;
  bool json = false;
  bool dry_run = false;
};

struct Shorthand {
  const char* flag;
  const char* key;
  const char* type;
  const char* doc;
};

/// Flags that stand for a key of the spec.
constexpr Shorthand kShorthands[] = {
    {"--strategy", "strategy.name", "NAME", "How the workers agree; see `sactool strategies`"},
    {"--workers", "cluster.workers", "N", "Logical workers"},
    {"--steps", "train.steps", "N", "Steps of each worker"},
    {"--epochs", "train.epochs", "N", "Passes over the training data, all workers together"},
    {"--seed", "train.seed", "S", "Initialisation, data order, compute times"},
    {"--name", "name", "NAME", "Of the run"},
};

/// A value of a shorthand is TOML where it must be a number, and taken as it is where it is a name.
Setting shorthand_setting(const std::string& flag, const std::string& value) {
  for (const Shorthand& shorthand : kShorthands) {
    if (flag != shorthand.flag) continue;
    if (std::string_view(shorthand.type) == "NAME") return {shorthand.key, value, flag};
    return parse_setting(shorthand.key, value, flag);
  }
  throw std::logic_error("no shorthand " + flag);
}

std::vector<Layer> read_layers(const TrainFlags& flags) {
  std::vector<Layer> layers;
  if (std::optional<Layer> user = read_user_file()) layers.push_back(std::move(*user));
  if (!flags.spec.empty()) layers.push_back(read_spec_file(flags.spec));
  for (const std::string& config : flags.configs) layers.push_back(read_spec_file(config));
  layers.push_back(read_environment(environ));
  for (const std::string& set : flags.sets) layers.push_back({{parse_assignment(set, "--set")}, {}});
  Layer last;
  for (const auto& [flag, value] : flags.shorthands) last.settings.push_back(shorthand_setting(flag, value));
  layers.push_back(std::move(last));
  return layers;
}

/// Where the checkpoint of a run lies: beside its database.
std::filesystem::path checkpoint_path(const std::filesystem::path& database, const std::string& run_name) {
  std::filesystem::path folder = std::filesystem::absolute(database);
  folder.replace_extension(folder.extension() == ".db" ? ".checkpoints" : folder.extension().string() + ".checkpoints");
  return folder / (run_name + ".ckpt");
}

void remove_checkpoint(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  std::filesystem::remove(path.parent_path(), ignored);  // succeeds only when it is empty
}

/// The run to go on with.
/// @throws UsageError  other flags say what the spec says, or the run cannot be resumed.
RunRecord resumable_run(const TrainFlags& flags, const Store& store) {
  if (!flags.spec.empty() || !flags.configs.empty() || !flags.sets.empty() || !flags.shorthands.empty()) {
    throw UsageError("--resume takes the whole spec from run '" + flags.resume +
                     "'; give only --db, --data-dir, --slots and --json with it");
  }
  RunRecord record = store.find(flags.resume);
  const std::string run = "run " + std::to_string(record.run) + " '" + record.name + "'";
  if (record.status == "FINISHED") throw UsageError(run + " is finished; there is nothing to resume");
  if (record.status == "RUNNING") throw UsageError(run + " is still running on " + record.host);
  const std::filesystem::path path = checkpoint_path(flags.database, record.name);
  if (!std::filesystem::exists(path)) {
    throw UsageError(run + " is " + record.status + " and has no checkpoint '" + path.string() +
                     "'; train it anew (train.checkpoint_every = N writes one every N steps)");
  }
  return record;
}

void report(const TrainFlags& flags, const Globals& globals, const RunContext& context, const RunSink& sink,
            const RunOutcome& outcome) {
  if (flags.json) {
    std::cout << json_text(run_json(context, sink.run_id(), sink.run_name(), outcome));
  } else if (!globals.quiet) {
    std::cout << run_text(context, sink.run_id(), sink.run_name(), outcome);
  }
  if (outcome.status == RunStatus::kKilled && !globals.quiet) {
    print_note("stopped; go on with: sactool train --resume " + std::to_string(sink.run_id()) + " --db " +
               flags.database);
  }
}

void say_what_runs(const PreparedRun& run) {
  const RunContext& context = run.context;
  print_note(context.strategy + " on " + context.dataset + ": " + std::to_string(context.workers) + " workers, " +
             std::to_string(context.steps) + " steps of " + std::to_string(context.batch_size) + " samples, model " +
             context.model + " with " + std::to_string(context.parameters) + " parameters, " +
             std::to_string(run.slots) + " slots, key " + context.key.substr(0, 12));
}

ExitCode run_and_report(PreparedRun run, RunSink& sink, const TrainFlags& flags, const Globals& globals) {
  const RunContext context = run.context;
  if (globals.verbosity > 0) say_what_runs(run);
  const bool resumed = run.job.resume;
  ProgressDisplay display(ProgressDisplay::style_for(globals.quiet));
  Tee tee({&sink, &display});
  std::filesystem::path path;
  run.job.checkpointing = [&](std::int64_t step) { sink.checkpointed(path.string(), step); };
  const RunOutcome outcome = execute(std::move(run), tee, [&] {
    path = checkpoint_path(flags.database, sink.run_name());
    if (!resumed) remove_checkpoint(path);
    return path.string();
  });
  if (outcome.status == RunStatus::kFinished) remove_checkpoint(path);
  report(flags, globals, context, sink, outcome);
  return outcome.status == RunStatus::kKilled ? ExitCode::kResumable : ExitCode::kOk;
}

ExitCode train_anew(const TrainFlags& flags, const RunSettings& settings, const Globals& globals) {
  const std::vector<Layer> layers = read_layers(flags);
  const RunSpec spec = resolve(layers);
  if (flags.dry_run) {
    std::cout << annotated_toml(spec);
    return ExitCode::kOk;
  }
  PreparedRun run = prepare_run(spec, settings);
  const Store store = Store::open(flags.database, Store::Mode::kWrite);
  const std::unique_ptr<RunSink> sink = store.sink();
  return run_and_report(std::move(run), *sink, flags, globals);
}

ExitCode resume(const TrainFlags& flags, const RunSettings& settings, const Globals& globals) {
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  const RunRecord record = resumable_run(flags, store);
  const std::vector<Layer> layers{read_spec_text(record.spec, "spec of run " + std::to_string(record.run))};
  const RunSpec spec = resolve(layers);
  if (flags.dry_run) {
    std::cout << annotated_toml(spec);
    return ExitCode::kOk;
  }
  PreparedRun run = prepare_run(spec, settings);
  run.context.name = record.name;
  run.job.resume = true;
  const std::int64_t step = checkpoint_step(checkpoint_path(flags.database, record.name).string());
  const std::unique_ptr<RunSink> sink = store.resume_sink(record.run, step);
  return run_and_report(std::move(run), *sink, flags, globals);
}

/// What is wrong with the value of --slots, or "".
std::string slots_problem(const std::string& text) {
  const OptionSpec spec{.name = "slots", .fallback = std::int64_t{1}, .doc = "", .min = 1, .max = 1024};
  try {
    check_option(spec, parse_setting("slots", text, "--slots").value, "slots");
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

/// What is wrong with a word that must name something, or "".
std::string not_empty(const std::string& text) { return text.empty() ? "the name is empty" : ""; }

void declare_flags(CLI::App& sub, TrainFlags& flags) {
  sub.footer(kExamples);
  sub.add_option("spec", flags.spec, "What to run, as TOML")->type_name("SPEC.toml")->check(not_empty);
  sub.add_option("--config", flags.configs, "One more TOML file, laid over the spec; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  for (const Shorthand& shorthand : kShorthands) {
    const std::string flag = shorthand.flag;
    sub.add_option_function<std::string>(
           flag, [&flags, flag](const std::string& value) { flags.shorthands.emplace_back(flag, value); },
           shorthand.doc)
        ->type_name(shorthand.type);
  }
  sub.get_option("--steps")->excludes(sub.get_option("--epochs"));
  sub.add_option("--set", flags.sets, "Any key of the spec, e.g. --set optimizer.lr=0.05; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  sub.add_option("--slots", flags.slots, "Threads that compute at a time; never changes results [cores]")
      ->type_name("N")
      ->check([](const std::string& text) { return slots_problem(text); });
  add_db_option(sub, flags.database);
  sub.add_option("--data-dir", flags.data_dir, "Folder of data sets, searched first [$SACTOOL_DATA, cache]")
      ->type_name("FOLDER");
  sub.add_option("--resume", flags.resume, "Go on with a stopped run: its number, name or key")
      ->type_name("RUN")
      ->check(not_empty);
  sub.add_flag("--json", flags.json, "One JSON object on stdout");
  sub.add_flag("--dry-run", flags.dry_run, "Print the resolved spec with the origin of each key; run nothing");
}

std::function<ExitCode()> add_train(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<TrainFlags>();
  declare_flags(sub, *flags);
  return [flags, &globals] {
    const RunSettings settings{.slots = static_cast<int>(flags->slots),
                               .data_dir = flags->data_dir,
                               .argv = command_line(),
                               .stop = &catch_stop_signals()};
    return flags->resume.empty() ? train_anew(*flags, settings, globals) : resume(*flags, settings, globals);
  };
}

const Register<CommandEntry> registered{
    {.name = "train", .order = 10, .summary = "Train one run and store it", .add = add_train}};

}  // namespace
}  // namespace sac
