#include "experiments/profile.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "engine/core/error.h"

namespace sac {
namespace {

bool is_measured(const std::string& key) {
  return key.starts_with("cluster.network.") || key.starts_with("cluster.compute.");
}

std::filesystem::path cited_file(const Setting& setting, const std::filesystem::path& folder) {
  const auto* file = std::get_if<std::string>(&setting.value);
  if (file == nullptr || file->empty()) {
    throw ConfigError(setting.origin + ": " + kProfileKey + " = " + to_toml(setting.value) +
                      " must be the name of a file that `sactool calibrate` wrote");
  }
  return folder / *file;
}

/// A list of triples, one a line.
std::string table_toml(const Doubles& triples) {
  std::string text = "[  # bytes, seconds back to back, seconds after a rest\n";
  for (std::size_t i = 0; i + 2 < triples.size(); i += 3) {
    text += "  " + to_toml(triples[i]) + ", " + to_toml(triples[i + 1]) + ", " + to_toml(triples[i + 2]) + ",\n";
  }
  return text + "]";
}

}  // namespace

Layer read_profile(const std::filesystem::path& path) {
  Layer layer = read_spec_file(path);
  for (const Setting& setting : layer.settings) {
    if (setting.key == kProfileKey) throw ConfigError(setting.origin + ": a profile cannot cite another profile");
    if (setting.key.starts_with("cluster.")) continue;
    throw ConfigError(setting.origin + ": '" + setting.key +
                      "' does not belong in a cluster profile; it may hold [cluster], its sub-tables, and [profile]");
  }
  if (std::ranges::none_of(layer.settings, [](const Setting& setting) { return is_measured(setting.key); })) {
    throw ConfigError(path.string() + ": is no cluster profile: it sets nothing in [cluster.network] or " +
                      "[cluster.compute]; `sactool calibrate -o FILE` writes one");
  }
  return layer;
}

std::vector<Layer> with_profiles(std::span<const Layer> layers) {
  std::vector<Layer> expanded;
  for (const Layer& given : layers) {
    Layer layer = given;
    for (const Setting& setting : given.settings) {
      if (setting.key == kProfileKey) expanded.push_back(read_profile(cited_file(setting, given.folder)));
    }
    std::erase_if(layer.settings, [](const Setting& setting) { return setting.key == kProfileKey; });
    expanded.push_back(std::move(layer));
  }
  return expanded;
}

std::string profile_toml(const ValueMap& cluster, const ValueMap& provenance, const std::string& headline) {
  std::string text = "# " + headline + "\n";
  for (const std::string table : {"cluster", "cluster.network", "cluster.compute"}) {
    text += (table == "cluster" ? "[" : "\n[") + table + "]\n";
    for (const auto& [key, value] : cluster) {
      if (key.substr(0, key.rfind('.')) != table) continue;
      const auto* list = std::get_if<Doubles>(&value);
      const bool measured = table == "cluster.network" && list != nullptr;
      text += key.substr(table.size() + 1) + " = " + (measured ? table_toml(*list) : to_toml(value)) + "\n";
    }
  }
  text += "\n[profile]\n";
  for (const auto& [key, value] : provenance) text += key + " = " + to_toml(value) + "\n";
  return text;
}

}  // namespace sac
