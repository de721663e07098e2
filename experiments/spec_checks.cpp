#include "experiments/spec_checks.h"

#include <algorithm>
#include <cctype>

#include "engine/core/error.h"

namespace sac {
namespace {

Strings option_names(const std::string& table, const std::string& choice) {
  Strings names;
  for (const OptionSpec& spec : table_options(table, choice)) names.push_back(spec.name);
  return names;
}

bool contains(const Strings& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// What stands between a complaint and the choices.
std::string did_you_mean(const std::string& near) { return near.empty() ? ";" : "; did you mean '" + near + "'?"; }

/// The nearest key: one of the same table, else the same option of another table, else any.
std::string nearest_key(const std::string& table, const std::string& option, const Strings& names) {
  if (const std::string near = nearest(option, names); !near.empty()) return table + "." + near;
  for (const std::string& key : all_keys()) {
    if (key.ends_with("." + option)) return key;
  }
  return nearest(table + "." + option, all_keys());
}

/// The choices of a named table, other than the chosen one, that know `option`.
Strings owners(const std::string& table, const std::string& option) {
  Strings found;
  for (const std::string& choice : table_choices(table)) {
    if (contains(option_names(table, choice), option)) found.push_back(choice);
  }
  return found;
}

[[noreturn]] void unknown_table(const Setting& setting, const std::string& table) {
  throw ConfigError(setting.origin + ": " + unknown_name("table", table, spec_tables()));
}

[[noreturn]] void unknown_root_key(const Setting& setting) {
  const std::string& key = setting.key;
  const Strings& tables = spec_tables();
  if (contains(tables, key)) {
    const std::string example = is_named_table(key) ? key + ".name" : key + "." + table_options(key).front().name;
    throw ConfigError(setting.origin + ": '" + key + "' is a table, not a value; set its keys, e.g. " + example);
  }
  std::string near;
  for (const std::string& known : all_keys()) {
    if (known.ends_with("." + key)) near = known;
  }
  if (near.empty()) near = nearest(key, all_keys());
  throw ConfigError(setting.origin + ": unknown key '" + key + "'" + did_you_mean(near) + " keys lie in the tables " +
                    join(tables) + "; outside them there is only 'name'");
}

[[noreturn]] void unknown_option(const Setting& setting, const KeyParts& parts, const std::string& choice) {
  const std::string key = parts.table + "." + parts.option;
  const Strings names = option_names(parts.table, choice);
  if (contains(spec_tables(), key)) throw ConfigError(setting.origin + ": '" + key + "' is a table, not a value");
  const std::string owner = is_named_table(parts.table) ? table_thing(parts.table) + " '" + choice + "'" : "";
  const Strings others = owner.empty() ? Strings{} : owners(parts.table, parts.option);
  if (!others.empty()) {
    throw ConfigError(setting.origin + ": " + key + " is an option of " + join(others) + ", not of " + owner +
                      "; what is meant for one of them alone belongs in [" + parts.table + "." + others.front() + "]");
  }
  throw ConfigError(setting.origin + ": unknown key '" + setting.key + "'" +
                    did_you_mean(nearest_key(parts.table, parts.option, names)) + " keys of " +
                    (owner.empty() ? "[" + parts.table + "]" : owner) + ": " + join(names));
}

}  // namespace

KeyParts check_key(const Setting& setting, const Choices& choices) {
  KeyParts parts = split_key(setting.key);
  if (parts.table.empty()) {
    const auto dot = setting.key.rfind('.');
    if (dot == std::string::npos) unknown_root_key(setting);
    unknown_table(setting, setting.key.substr(0, dot));
  }
  std::string choice;
  if (is_named_table(parts.table)) choice = parts.choice.empty() ? choices.at(parts.table) : parts.choice;
  if (!parts.choice.empty()) check_table({parts.table + "." + parts.choice, Value(), setting.origin});
  if (!contains(option_names(parts.table, choice), parts.option)) unknown_option(setting, parts, choice);
  if (!parts.choice.empty() && parts.option == "name") {
    throw ConfigError(setting.origin + ": '" + setting.key + "' has no meaning; set " + parts.table + ".name");
  }
  return parts;
}

void check_table(const Setting& header) {
  if (contains(spec_tables(), header.key)) return;
  const auto dot = header.key.find('.');
  const std::string outer = header.key.substr(0, dot);
  if (dot == std::string::npos || !is_named_table(outer)) unknown_table(header, header.key);
  const std::string choice = header.key.substr(dot + 1);
  const Strings choices = table_choices(outer);
  if (!contains(choices, choice)) {
    throw ConfigError(header.origin + ": " + unknown_name(table_thing(outer), choice, choices));
  }
}

Value check_value(const Setting& setting, const OptionSpec& spec, const std::string& key) {
  try {
    return check_option(spec, setting.value, key);
  } catch (const ConfigError& error) {
    throw ConfigError(setting.origin + ": " + error.what());
  }
}

std::string check_name(const Setting& setting) {
  const auto* name = std::get_if<std::string>(&setting.value);
  if (name == nullptr) {
    throw ConfigError(setting.origin + ": name = " + to_toml(setting.value) + " is " + type_name(setting.value) +
                      "; it must be a string");
  }
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string("._+=,@-").find(static_cast<char>(c)) != std::string::npos;
  };
  const bool good = !name->empty() && name->size() <= 100 &&
                    std::isalnum(static_cast<unsigned char>(name->front())) != 0 &&
                    std::all_of(name->begin(), name->end(), fits);
  if (!good) {
    throw ConfigError(setting.origin + ": name = " + to_toml(Value(name->substr(0, 128))) +
                      " must be 1 to 100 letters, digits and ._+=,@- that begin with a letter or digit");
  }
  if (name->find_first_not_of("0123456789") == std::string::npos) {
    throw ConfigError(setting.origin + ": name = " + to_toml(setting.value) +
                      " must hold more than digits, which stand for a run's number");
  }
  return *name;
}

}  // namespace sac
