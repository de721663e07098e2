#pragma once
#include <string>
#include <vector>

#include "engine/core/options.h"

namespace sac {

/// The tables of a spec, in the order a reader wants them: data, model, optimizer, strategy, train, cluster, ...
const Strings& spec_tables();

/// True for a table whose key `name` picks an entry of a registry: data, model, optimizer, strategy.
bool is_named_table(const std::string& table);

/// What a named table's `name` is called in messages: "strategy".
std::string table_thing(const std::string& table);

/// The names a named table can choose from.
Strings table_choices(const std::string& table);

/// The options that `table` holds; for a named table those of its entry `choice`, `name` included.
/// @throws ConfigError  unknown choice, with the nearest.
std::vector<OptionSpec> table_options(const std::string& table, const std::string& choice = "");

/// A dotted key taken apart. "strategy.staged.period" is {"strategy", "staged", "period"}: it counts where
/// strategy.name is "staged"; "cluster.network.preset" is {"cluster.network", "", "preset"}.
struct KeyParts {
  std::string table;
  std::string choice;
  std::string option;
};

/// The parts of a key, whether or not its table has such an option; `table` is empty where there is no such table.
KeyParts split_key(const std::string& key);

/// Every key that some spec may hold, for suggestions: "train.steps", "strategy.period", ...
const Strings& all_keys();

}  // namespace sac
