#include "experiments/layer.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>

#include "engine/core/error.h"
#include "experiments/fault_tables.h"
#include "experiments/tables.h"
#include "experiments/toml_value.h"

namespace sac {
namespace {

constexpr std::string_view kSweep = "sweep";                // see read_sweep_table
constexpr std::string_view kFaultTables = "cluster.fault";  // see fault_texts
constexpr std::string_view kProvenance = "profile";  // a cluster profile's table: who measured it, when and how well

void flatten(const toml::table& table, const std::string& prefix, const std::string& source, Layer& layer) {
  for (const auto& [name, node] : table) {
    const std::string origin = at_line(source, name.source());
    const std::string key = prefix + std::string(name.str());
    if (name.str().find('.') != std::string_view::npos) {
      throw ConfigError(origin + ": the key '" + key + "' is quoted; write " + key + " = ... without quotes");
    }
    if (key == kFaultTables && node.is_array_of_tables()) {
      if (table.contains("faults")) {
        throw ConfigError(origin + ": [[cluster.fault]] and cluster.faults say the same; give one");
      }
      layer.settings.push_back({"cluster.faults", fault_texts(*node.as_array(), source), origin});
      continue;
    }
    if (const auto* inner = node.as_table()) {
      if (key == kProvenance) continue;
      if (key == kSweep) {
        layer.sweep = origin;
        continue;
      }
      layer.tables.push_back({key, Value(), origin});
      flatten(*inner, key + ".", source, layer);
      continue;
    }
    std::optional<Value> value = node_value(node);
    if (!value) {
      throw ConfigError(
          origin + ": '" + key +
          "' must be a boolean, an integer, a number, a string, or a list of integers, numbers or strings");
    }
    layer.settings.push_back({key, std::move(*value), origin});
  }
}

Layer parse(std::string_view text, const std::string& source) {
  Layer layer;
  flatten(parse_document(text, source), "", source, layer);
  return layer;
}

bool looks_like_toml(std::string_view value) {
  return value.empty() || std::strchr("[{\"'", value.front()) != nullptr ||
         value.find_first_not_of("+-0123456789._eE") == std::string_view::npos;
}

/// "TRAIN__STEPS" -> "train.steps"; the case of a known key is restored, an unknown one becomes lower case.
std::string environment_key(std::string name) {
  static const std::map<std::string, std::string> known = [] {
    std::map<std::string, std::string> keys;
    for (const std::string& key : all_keys()) {
      std::string upper = key;
      std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
      keys[upper] = key;
    }
    return keys;
  }();
  for (auto at = name.find("__"); at != std::string::npos; at = name.find("__")) name.replace(at, 2, ".");
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
  if (const auto found = known.find(upper); found != known.end()) return found->second;
  std::transform(name.begin(), name.end(), name.begin(), ::tolower);
  return name;
}

}  // namespace

Layer read_spec_text(std::string_view text, const std::string& source) {
  Layer layer = parse(text, source);
  if (layer.settings.empty() && layer.sweep.empty()) throw ConfigError(source + ": is empty: it sets no key");
  return layer;
}

Layer read_spec_file(const std::filesystem::path& path) {
  Layer layer = read_spec_text(read_text(path), path.string());
  layer.folder = path.parent_path();
  return layer;
}

std::optional<Layer> read_user_file() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path folder;
  if (config != nullptr && *config != '\0') {
    folder = config;
  } else if (home != nullptr && *home != '\0') {
    folder = std::filesystem::path(home) / ".config";
  } else {
    return std::nullopt;
  }
  const std::filesystem::path path = folder / "sactool" / "config.toml";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  Layer layer = parse(read_text(path), path.string());
  layer.folder = path.parent_path();
  return layer;
}

Layer read_environment(const char* const* environment) {
  static constexpr std::string_view kPrefix = "SACTOOL_";
  Layer layer;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const auto equals = entry.find('=');
    if (!entry.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    const std::string name(entry.substr(0, equals));
    if (name.find("__") == std::string::npos) continue;
    layer.settings.push_back(
        parse_setting(environment_key(name.substr(kPrefix.size())), entry.substr(equals + 1), name));
  }
  std::sort(layer.settings.begin(), layer.settings.end(),
            [](const Setting& a, const Setting& b) { return a.origin < b.origin; });
  return layer;
}

Setting parse_setting(const std::string& key, std::string_view value, const std::string& origin) {
  try {
    check_nesting(value, origin);
    const toml::table table = toml::parse("value = " + std::string(value));
    const toml::node* node = table.get("value");
    if (table.size() == 1 && node != nullptr) {
      if (std::optional<Value> parsed = node_value(*node)) return {key, std::move(*parsed), origin};
    }
  } catch (const toml::parse_error& error) {
    if (looks_like_toml(value)) {
      throw ConfigError(origin + ": " + key + " = " + std::string(value.substr(0, 128)) +
                        " is not a TOML value: " + std::string(error.description()));
    }
  }
  return {key, std::string(value), origin};
}

Setting parse_assignment(std::string_view text, const std::string& origin) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw ConfigError(origin + " '" + std::string(text.substr(0, 128)) + "' is not key=value, e.g. train.steps=100");
  }
  return parse_setting(std::string(text.substr(0, equals)), text.substr(equals + 1), origin);
}

}  // namespace sac
