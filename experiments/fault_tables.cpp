#include "experiments/fault_tables.h"

#include <algorithm>

#include "engine/core/error.h"
#include "experiments/toml_value.h"

namespace sac {
namespace {

const Strings kKeys{"worker", "kind", "at_s", "for_s", "factor"};
const Strings kKinds{"pause", "slow", "die", "rejoin"};
const Strings kVerbs{"pauses", "slows", "dies", "rejoins"};

std::string verb(const toml::table& table, const std::string& origin) {
  const std::string kind = table["kind"].value_or(std::string());
  const auto known = std::find(kKinds.begin(), kKinds.end(), kind);
  if (known == kKinds.end()) throw ConfigError(origin + ": " + unknown_name("kind of a fault", kind, kKinds));
  return kVerbs[static_cast<std::size_t>(known - kKinds.begin())];
}

/// " at 1.5", or nothing where the key is absent.
std::string part(const toml::table& table, const std::string& key, const std::string& word, const std::string& origin) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return "";
  if (!node->is_number()) throw ConfigError(origin + ": the fault's " + key + " must be a number");
  return " " + word + " " + shortest(*node->value<double>());
}

std::string fault_text(const toml::table& table, const std::string& source) {
  const std::string origin = at_line(source, table.source());
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (std::find(kKeys.begin(), kKeys.end(), name) == kKeys.end()) {
      throw ConfigError(at_line(source, key.source()) + ": " + unknown_name("key of a fault", name, kKeys));
    }
  }
  const toml::node* worker = table.get("worker");
  if (worker == nullptr || !worker->is_integer()) {
    throw ConfigError(origin + ": a fault needs worker = NUMBER, counted from 0");
  }
  return "worker " + std::to_string(*worker->value<std::int64_t>()) + " " + verb(table, origin) +
         part(table, "factor", "by", origin) + part(table, "at_s", "at", origin) + part(table, "for_s", "for", origin);
}

}  // namespace

Strings fault_texts(const toml::array& tables, const std::string& source) {
  Strings texts;
  for (const toml::node& table : tables) texts.push_back(fault_text(*table.as_table(), source));
  return texts;
}

}  // namespace sac
