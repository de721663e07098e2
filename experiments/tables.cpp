#include "experiments/tables.h"

#include <algorithm>
#include <functional>
#include <set>

#include "datasets/load.h"
#include "engine/core/registry.h"
#include "engine/fabric/virtual/config.h"
#include "engine/nn/model.h"
#include "engine/nn/pretrained.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/schedule.h"
#include "engine/optim/wrap.h"
#include "engine/train/config.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

using OptionSpecs = std::vector<OptionSpec>;

struct NamedTable {
  std::string thing;
  std::function<Strings()> choices;
  std::function<OptionSpecs(const std::string&)> options;
};

OptionSpecs with_name(const char* fallback, const char* doc, const OptionSpecs& own, const OptionSpecs& shared = {}) {
  OptionSpecs specs{{.name = "name", .fallback = std::string(fallback), .doc = doc}};
  specs.insert(specs.end(), shared.begin(), shared.end());
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

template <class Entry>
NamedTable named_table(std::function<OptionSpecs(const Entry&)> options) {
  return {.thing = Entry::kThing,
          .choices = [] { return Registry<Entry>::instance().names(); },
          .options = [options](const std::string& name) { return options(Registry<Entry>::instance().at(name)); }};
}

const std::map<std::string, NamedTable>& named_tables() {
  static const std::map<std::string, NamedTable> tables{
      {"data", named_table<DatasetEntry>([](const DatasetEntry& entry) { return data_options(entry.name); })},
      {"model", named_table<ModelEntry>([](const ModelEntry& entry) {
         return with_name("mlp", "network", entry.options, weights_options());
       })},
      {"optimizer", named_table<OptimizerEntry>([](const OptimizerEntry& entry) {
         return with_name("sgd", "local update rule", entry.options, joined({schedule_options(), wrap_options()}));
       })},
      {"strategy", named_table<StrategyEntry>([](const StrategyEntry& entry) {
         return with_name("sync_sgd", "how the workers agree", entry.options);
       })}};
  return tables;
}

const std::map<std::string, const OptionSpecs* (*)()>& plain_tables() {
  static const std::map<std::string, const OptionSpecs* (*)()> tables{
      {"train", [] { return &train_options(); }},
      {"cluster", [] { return &cluster_options(); }},
      {"cluster.network", [] { return &network_options(); }},
      {"cluster.compute", [] { return &compute_options(); }},
      {"cluster.server", [] { return &server_options(); }}};
  return tables;
}

}  // namespace

const Strings& spec_tables() {
  static const Strings tables{"data",    "model",           "optimizer",       "strategy",      "train",
                              "cluster", "cluster.network", "cluster.compute", "cluster.server"};
  return tables;
}

bool is_named_table(const std::string& table) { return named_tables().contains(table); }

std::string table_thing(const std::string& table) { return named_tables().at(table).thing; }

Strings table_choices(const std::string& table) { return named_tables().at(table).choices(); }

std::vector<OptionSpec> table_options(const std::string& table, const std::string& choice) {
  const auto named = named_tables().find(table);
  return named != named_tables().end() ? named->second.options(choice) : *plain_tables().at(table)();
}

KeyParts split_key(const std::string& key) {
  const auto dot = key.rfind('.');
  if (dot == std::string::npos) return {"", "", key};
  const std::string table = key.substr(0, dot);
  const std::string option = key.substr(dot + 1);
  const Strings& tables = spec_tables();
  if (std::find(tables.begin(), tables.end(), table) != tables.end()) return {table, "", option};
  const auto first = table.find('.');
  const std::string outer = table.substr(0, first);
  if (first == std::string::npos || !is_named_table(outer)) return {"", "", key};
  return {outer, table.substr(first + 1), option};
}

const Strings& all_keys() {
  static const Strings keys = [] {
    std::set<std::string> found{"name", "cluster.profile"};
    for (const std::string& table : spec_tables()) {
      const Strings choices = is_named_table(table) ? table_choices(table) : Strings{""};
      for (const std::string& choice : choices) {
        for (const OptionSpec& spec : table_options(table, choice)) found.insert(table + "." + spec.name);
      }
    }
    return Strings(found.begin(), found.end());
  }();
  return keys;
}

}  // namespace sac
