#include "cli/spec_flags.h"

#include <unistd.h>

#include <stdexcept>
#include <string_view>

#include "engine/core/error.h"
#include "engine/core/options.h"
#include "experiments/profile.h"

namespace sac {
namespace {

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

}  // namespace

std::string empty_name(const std::string& text) { return text.empty() ? "the name is empty" : ""; }

void add_spec_options(CLI::App& sub, SpecFlags& flags, const std::string& doc) {
  sub.add_option("spec", flags.file, doc)->type_name("SPEC.toml")->check(empty_name);
  sub.add_option("--config", flags.configs, "One more TOML file, laid over the spec; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  sub.add_option("--profile", flags.profile, "Cluster profile of `sactool calibrate`, laid over the spec")
      ->type_name("FILE")
      ->check(empty_name);
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
}

void add_slots_option(CLI::App& sub, std::int64_t& slots) {
  sub.add_option("--slots", slots, "Threads that compute at a time; never changes results [cores]")
      ->type_name("N")
      ->check([](const std::string& text) { return slots_problem(text); });
}

std::vector<Layer> read_layers(const SpecFlags& flags, std::optional<Layer> fallback) {
  std::vector<Layer> layers;
  if (std::optional<Layer> user = read_user_file()) layers.push_back(std::move(*user));
  if (!flags.file.empty()) {
    layers.push_back(read_spec_file(flags.file));
  } else if (fallback) {
    layers.push_back(std::move(*fallback));
  }
  for (const std::string& config : flags.configs) layers.push_back(read_spec_file(config));
  if (!flags.profile.empty()) layers.push_back(read_profile(flags.profile));
  layers.push_back(read_environment(environ));
  for (const std::string& set : flags.sets) layers.push_back({.settings = {parse_assignment(set, "--set")}});
  Layer last;
  for (const auto& [flag, value] : flags.shorthands) last.settings.push_back(shorthand_setting(flag, value));
  layers.push_back(std::move(last));
  return layers;
}

}  // namespace sac
