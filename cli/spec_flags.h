#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiments/layer.h"

namespace sac {

/// The flags by which a command is told what to run.
struct SpecFlags {
  std::string file;
  Strings configs;
  std::string profile;
  Strings sets;
  std::vector<std::pair<std::string, std::string>> shorthands;  ///< flag, value: --workers and the like

  [[nodiscard]] bool empty() const {
    return file.empty() && configs.empty() && profile.empty() && sets.empty() && shorthands.empty();
  }
};

/// Declares SPEC.toml, --config, --profile, --set and the flags that stand for one key, e.g. --workers.
/// @param doc  of SPEC.toml.  @param flags  must outlive `sub`.
void add_spec_options(CLI::App& sub, SpecFlags& flags, const std::string& doc);

/// Declares --slots.
void add_slots_option(CLI::App& sub, std::int64_t& slots);

/// The layers that the flags name, user file and environment included, in the order in which later ones win: user file,
/// SPEC, --config, --profile, environment, --set, flags.
/// @param fallback  stands for SPEC where none is given.  @throws ConfigError
std::vector<Layer> read_layers(const SpecFlags& flags, std::optional<Layer> fallback = {});

/// What is wrong with a word that must name something, or "".
std::string empty_name(const std::string& text);

}  // namespace sac
