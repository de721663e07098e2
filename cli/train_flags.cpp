#include "cli/train_flags.h"

#include <unistd.h>

#include <optional>
#include <stdexcept>
#include <string_view>

#include "cli/db_option.h"
#include "engine/core/error.h"
#include "engine/core/options.h"

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

struct Shorthand {
  const char* flag;
  const char* key;
  const char* type;
  const char* doc;
};

/// Flags that stand for a key of the spec.
constexpr Shorthand kShorthands[] = {
    {"--strategy", "strategy.name", "NAME", "How the workers agree; see `sactool strategies`"},
    {"--workers", "cluster.workers", "N", "Logical workers, or ranks of a real run"},
    {"--fabric", "cluster.fabric", "NAME", "virtual, or real processes over gloo or nccl [virtual]"},
    {"--steps", "train.steps", "N", "Steps of each worker"},
    {"--epochs", "train.epochs", "N", "Passes over the training data, all workers together"},
    {"--device", "train.device", "NAME", "cpu, cuda or auto [auto]"},
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

}  // namespace

void declare_train_flags(CLI::App& sub, TrainFlags& flags) {
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

}  // namespace sac
