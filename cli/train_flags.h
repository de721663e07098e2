#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "experiments/layer.h"
#include "experiments/machine.h"

namespace sac {

/// What `sactool train` is told.
struct TrainFlags {
  std::string spec;
  Strings configs;
  Strings sets;
  std::vector<std::pair<std::string, std::string>> shorthands;  ///< flag, value; as given
  std::int64_t slots = usable_cores();
  std::string database;
  std::string data_dir;
  std::string resume;
  bool json = false;
  bool dry_run = false;
};

/// Declares the flags on `sub`; `flags` must outlive it.
void declare_train_flags(CLI::App& sub, TrainFlags& flags);

/// Every source of the spec, later ones win.  @throws ConfigError  a file or value that cannot be read.
std::vector<Layer> read_layers(const TrainFlags& flags);

}  // namespace sac
