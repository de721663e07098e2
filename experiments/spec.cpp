#include "experiments/spec.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "engine/fabric/virtual/config.h"
#include "engine/optim/optimizer.h"
#include "engine/train/pipeline_plan.h"
#include "engine/train/strategy.h"
#include "experiments/profile.h"
#include "experiments/spec_checks.h"
#include "experiments/tables.h"

namespace sac {
namespace {

const std::string kSteps = "train.steps";
const std::string kEpochs = "train.epochs";

Choices default_choices() {
  return {{"data", "fashion_mnist"}, {"model", "mlp"}, {"optimizer", "sgd"}, {"strategy", "sync_sgd"}};
}

/// What every named table chose: the last layer that says so wins.
Choices read_choices(std::span<const Layer> layers) {
  Choices choices = default_choices();
  for (const Layer& layer : layers) {
    for (const Setting& setting : layer.settings) {
      const KeyParts parts = split_key(setting.key);
      if (!is_named_table(parts.table) || !parts.choice.empty() || parts.option != "name") continue;
      const OptionSpec spec{.name = "name", .fallback = std::string(), .doc = ""};
      const std::string name = std::get<std::string>(check_value(setting, spec, setting.key));
      const Strings names = table_choices(parts.table);
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        throw ConfigError(setting.origin + ": " + unknown_name(table_thing(parts.table), name, names));
      }
      choices[parts.table] = name;
    }
  }
  return choices;
}

/// Values merged so far, by dotted key.
struct Merged {
  ValueMap values;
  std::map<std::string, std::string> origins;

  void set(const std::string& key, Value value, const std::string& origin) {
    values[key] = std::move(value);
    origins[key] = origin;
  }
  void unset(const std::string& key) {
    values.erase(key);
    origins.erase(key);
  }
};

bool says(const Value& value) {
  if (const auto* steps = std::get_if<std::int64_t>(&value)) return *steps > 0;
  return std::get<double>(value) > 0.0;
}

/// A layer that sets steps or epochs turns off what earlier layers said of the other. 0 means "by the other".
void merge_length(const std::map<std::string, Value>& given, const std::map<std::string, std::string>& origins,
                  Merged& merged) {
  const auto steps = given.find(kSteps);
  const auto epochs = given.find(kEpochs);
  if (steps == given.end() && epochs == given.end()) return;
  const bool by_steps = steps != given.end() && says(steps->second);
  const bool by_epochs = epochs != given.end() && says(epochs->second);
  const std::string& origin = origins.at(steps != given.end() ? kSteps : kEpochs);
  if (by_steps && by_epochs) {
    throw ConfigError(origin + ": train.steps and train.epochs exclude each other; give one");
  }
  if (!by_steps && !by_epochs) {
    const bool about_steps = steps != given.end();
    throw ConfigError(origin + ": " +
                      (about_steps ? "train.steps = 0 is out of range; it must be >= 1"
                                   : "train.epochs = 0 is out of range; it must be > 0"));
  }
  merged.unset(kSteps);
  merged.unset(kEpochs);
  const std::string& key = by_steps ? kSteps : kEpochs;
  merged.set(key, given.at(key), origins.at(key));
}

/// Checks one layer and lays it over the earlier ones: plain keys first, then those meant for the choices made.
void merge_layer(const Layer& layer, const Choices& choices, Merged& merged, std::string& name) {
  if (!layer.sweep.empty()) {
    throw ConfigError(layer.sweep + ": [sweep] makes many runs of a spec; start them with sactool sweep");
  }
  for (const Setting& header : layer.tables) check_table(header);
  Merged own;
  Merged specific;
  for (const Setting& setting : layer.settings) {
    if (setting.key == "name") {
      name = check_name(setting);
      continue;
    }
    const KeyParts parts = check_key(setting, choices);
    const bool named = is_named_table(parts.table);
    const std::string choice = !parts.choice.empty() ? parts.choice : named ? choices.at(parts.table) : "";
    const std::vector<OptionSpec> specs = table_options(parts.table, choice);
    const OptionSpec& option = *meant_option(specs, parts.option, setting.value);
    Value value = check_value(setting, option, setting.key);
    if (named && choice != choices.at(parts.table)) continue;
    (parts.choice.empty() ? own : specific).set(parts.table + "." + option.name, std::move(value), setting.origin);
  }
  for (auto& [key, value] : specific.values) own.set(key, std::move(value), specific.origins.at(key));
  merge_length(own.values, own.origins, merged);
  own.unset(kSteps);
  own.unset(kEpochs);
  for (auto& [key, value] : own.values) merged.set(key, std::move(value), own.origins.at(key));
}

/// dgc corrects the momentum of what it sends: the optimiser must not apply it once more.
void check_momentum(const RunSpec& spec) {
  const ValueMap& strategy = spec.table("strategy").values();
  const ValueMap& optimizer = spec.table("optimizer").values();
  const auto codec = strategy.find("codec");
  const auto momentum = optimizer.find("momentum");
  if (codec == strategy.end() || codec->second != Value(std::string("dgc")) || momentum == optimizer.end()) return;
  if (std::get<double>(strategy.at("codec_momentum")) == 0.0 || std::get<double>(momentum->second) == 0.0) return;
  throw ConfigError(
      "strategy.codec = \"dgc\" and the optimiser both have momentum: set optimizer.momentum = 0, or "
      "strategy.codec_momentum = 0");
}

/// Equal faults are written alike, so that equal specs have equal keys.
void write_faults_alike(ValueMap& values, const std::map<std::string, std::string>& origins) {
  const auto given = values.find("cluster.faults");
  const auto workers = values.find("cluster.workers");
  if (given == values.end()) return;
  try {
    const std::int64_t count = workers == values.end() ? kDefaultWorkers : std::get<std::int64_t>(workers->second);
    given->second = canonical_faults(parse_faults(std::get<Strings>(given->second), count));
  } catch (const ConfigError& error) {
    throw ConfigError(origins.at("cluster.faults") + ": " + error.what());
  }
}

/// What does not go with a model that is spread over workers.
void check_pipeline(const RunSpec& spec, const Strategy& strategy, const ClusterConfig& cluster) {
  const PipelineConfig pipeline = pipeline_config(spec.table("cluster"), spec.table("cluster.compute"));
  if (pipeline.stages == 1 && pipeline.micro_batches <= 1) return;
  const std::string given = pipeline.stages > 1 ? "cluster.pipeline = " + std::to_string(pipeline.stages)
                                                : "cluster.micro_batches = " + std::to_string(pipeline.micro_batches);
  if (strategy.traits().server) {
    throw ConfigError(given + " does not go with strategy '" + spec.choice("strategy") +
                      "', whose model lies on a parameter server; choose one without, or 1");
  }
  if (!cluster.faults.empty()) {
    throw ConfigError(given + " does not go with cluster.faults: a replica cannot do without a stage; leave one out");
  }
}

/// What can be said before data and model are there: options that contradict each other.
void check_whole(const RunSpec& spec) {
  const ClusterConfig cluster = cluster_config(spec.table("cluster"), spec.table("cluster.network"),
                                               spec.table("cluster.compute"), spec.table("cluster.server"));
  Registry<OptimizerEntry>::instance().at(spec.choice("optimizer")).make(spec.table("optimizer"), {});
  const auto strategy = Registry<StrategyEntry>::instance().at(spec.choice("strategy")).make(spec.table("strategy"));
  check_faults(cluster.faults, cluster.goes_on, strategy->traits().on_death, spec.choice("strategy"));
  check_momentum(spec);
  check_pipeline(spec, *strategy, cluster);
}

Options table_of(const std::string& table, const std::string& choice, const ValueMap& values) {
  ValueMap given;
  const std::string prefix = table + ".";
  const std::vector<OptionSpec> specs = table_options(table, choice);
  for (const OptionSpec& spec : specs) {
    const auto found = values.find(prefix + spec.name);
    if (found != values.end()) given[spec.name] = found->second;
  }
  return {specs, given, "[" + table + "]", prefix};
}

/// The same spec but for values of one table, which has no choice.
RunSpec with_values(const RunSpec& spec, const std::string& table, const ValueMap& changed) {
  RunSpec fixed = spec;
  ValueMap values = spec.values();
  for (const auto& [name, value] : changed) values[name] = value;
  fixed.tables[table] = table_of(table, "", values);
  return fixed;
}

}  // namespace

ValueMap RunSpec::values() const {
  ValueMap all;
  for (const auto& [table, options] : tables) {
    for (const auto& [key, value] : options.values()) all[table + "." + key] = value;
  }
  return all;
}

RunSpec resolve(std::span<const Layer> given) {
  const std::vector<Layer> layers = with_profiles(given);
  const Choices choices = read_choices(layers);
  Merged merged;
  for (const auto& [table, choice] : choices) merged.values[table + ".name"] = choice;
  merged.values[kEpochs] = 1.0;
  RunSpec spec;
  for (const Layer& layer : layers) merge_layer(layer, choices, merged, spec.name);
  write_faults_alike(merged.values, merged.origins);
  for (const std::string& table : spec_tables()) {
    const auto choice = choices.find(table);
    spec.tables[table] = table_of(table, choice == choices.end() ? "" : choice->second, merged.values);
  }
  spec.origins = std::move(merged.origins);
  check_whole(spec);
  return spec;
}

RunSpec with_steps(const RunSpec& spec, std::int64_t steps) {
  return with_values(spec, "train", {{kSteps, steps}, {kEpochs, 0.0}});
}

RunSpec for_measuring(const RunSpec& spec) {
  return with_values(spec, "train",
                     {{"train.batch_warmup_steps", std::int64_t{0}},
                      {"train.batch_start", std::int64_t{0}},
                      {"train.batch_norm", std::string("averaged")}});
}

RunSpec with_device(const RunSpec& spec, const std::string& device) {
  return with_values(spec, "train", {{"train.device", device}});
}

RunSpec on_virtual_cluster(const RunSpec& spec) {
  return with_values(spec, "cluster", {{"cluster.fabric", std::string("virtual")}});
}

std::string canonical_toml(const RunSpec& spec) { return to_toml(spec.values()); }

std::string annotated_toml(const RunSpec& spec) {
  std::string text;
  if (!spec.name.empty()) text += "name = " + to_toml(Value(spec.name)) + "\n";
  for (const std::string& table : spec_tables()) {
    text += (text.empty() ? "[" : "\n[") + table + "]\n";
    for (const auto& [option, value] : spec.table(table).values()) {
      const auto origin = spec.origins.find(table + "." + option);
      text +=
          option + " = " + to_toml(value) + "  # " + (origin == spec.origins.end() ? "default" : origin->second) + "\n";
    }
  }
  return text;
}

}  // namespace sac
