#include "experiments/sweep_arguments.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "engine/core/error.h"
#include "experiments/sweep_seeds.h"
#include "experiments/tables.h"
#include "experiments/toml_value.h"

namespace sac {
namespace {

[[noreturn]] void refuse(const std::string& origin, const std::string& what) {
  throw ConfigError(origin + ": " + what);
}

bool holds_a_list(const std::string& key) {
  const KeyParts parts = split_key(key);
  if (parts.table.empty()) return false;
  const Strings choices = is_named_table(parts.table) ? table_choices(parts.table) : Strings{""};
  for (const std::string& choice : choices) {
    for (const OptionSpec& spec : table_options(parts.table, choice)) {
      if (spec.name == parts.option && to_toml(spec.fallback).front() == '[') return true;
    }
  }
  return false;
}

/// [sync_sgd, local_sgd] with its words in quotes.
std::string with_quoted_words(std::string_view list) {
  std::string text;
  bool in_word = false;
  bool in_quotes = false;
  for (const char c : list) {
    if (c == '"' || c == '\'') in_quotes = !in_quotes;
    const bool starts = !in_quotes && !in_word && (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_');
    const bool ends = in_word && std::string_view(",] \t").find(c) != std::string_view::npos;
    if (starts || ends) text += '"';
    in_word = (in_word || starts) && !ends;
    text += c;
  }
  return text;
}

/// The list that a --set gives; `null` where it gives none.
toml::table parse_list(const std::string& value, const std::string& origin) {
  for (const std::string& text : {value, with_quoted_words(value)}) {
    try {
      return toml::parse("list = " + text);
    } catch (const toml::parse_error&) {
    }
  }
  throw ConfigError(origin + ": " + value.substr(0, 128) + " is not a list, e.g. [1, 2, 4] or [sync_sgd, local_sgd]");
}

}  // namespace

std::vector<Setting> seed_settings(const toml::node& node, const std::string& origin) {
  std::vector<std::int64_t> numbers;
  if (const auto count = node.value_exact<std::int64_t>()) {
    for (std::int64_t seed = 0; seed < std::min(*count, kMostSweepRuns); ++seed) numbers.push_back(seed);
  } else if (const toml::array* list = node.as_array()) {
    for (const toml::node& item : *list) {
      if (!item.is_integer()) refuse(origin, "seeds must be integers, e.g. [0, 1, 2], or their number");
      numbers.push_back(*item.value<std::int64_t>());
    }
  } else {
    refuse(origin, "seeds must be a list of integers, e.g. [0, 1, 2], or their number");
  }
  if (numbers.empty()) refuse(origin, "no seeds; give at least one");
  std::set<std::int64_t> seen;
  std::vector<Setting> settings;
  for (const std::int64_t seed : numbers) {
    if (!seen.insert(seed).second) refuse(origin, "seed " + std::to_string(seed) + " is given twice");
    settings.push_back({"train.seed", seed, origin});
  }
  return settings;
}

std::optional<Parameter> swept_assignment(std::string_view text, const std::string& origin) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  std::string_view value = text.substr(equals + 1);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  Parameter parameter{.key = std::string(text.substr(0, equals)), .origin = origin};
  if (!value.starts_with("[")) return std::nullopt;
  const toml::table parsed = parse_list(std::string(value), origin);
  const toml::array* list = parsed.get("list")->as_array();
  if (list == nullptr || parsed.size() != 1) throw ConfigError(origin + ": " + parameter.key + " is no list");
  const bool of_lists = std::ranges::any_of(*list, [](const toml::node& item) { return item.is_array(); });
  if (holds_a_list(parameter.key) && !of_lists) return std::nullopt;
  for (const toml::node& item : *list) {
    const std::optional<Value> given = node_value(item);
    if (!given) throw ConfigError(origin + ": " + parameter.key + " has a value that no key can hold");
    parameter.values.push_back(*given);
  }
  if (parameter.values.empty()) throw ConfigError(origin + ": " + parameter.key + " = [] gives no value to sweep");
  return parameter;
}

std::vector<Setting> parse_seeds(std::string_view text, const std::string& origin) {
  const bool listed = text.find_first_of(",[") != std::string_view::npos;
  const std::string value = listed && !text.starts_with("[") ? "[" + std::string(text) + "]" : std::string(text);
  try {
    const toml::table parsed = toml::parse("seeds = " + value);
    return seed_settings(*parsed.get("seeds"), origin);
  } catch (const toml::parse_error&) {
    throw ConfigError(origin + " " + value.substr(0, 128) +
                      " is neither a number of seeds nor a list, e.g. 5 or 0,1,2");
  }
}

}  // namespace sac
