#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/layer.h"
#include "results/early_stop.h"

namespace sac {

/// The most runs a sweep may have.
inline constexpr std::int64_t kMostSweepRuns = 100'000;

/// A key that a sweep varies: by a list of values, or by a distribution to draw from.
struct Parameter {
  std::string key;              ///< dotted, as in a spec
  std::string origin;           ///< for messages: "sweep.toml:9"
  std::vector<Value> values{};  ///< empty where it is drawn
  std::string distribution{};   ///< "" | uniform | log_uniform_values | int_uniform
  double min = 0.0;
  double max = 0.0;
};

/// [sweep] of a spec file: which runs to make of the spec. The words are those of W&B's sweeps.
struct SweepTable {
  std::string name{};                          ///< "" = the file's
  std::string method = "grid";                 ///< grid | random | zipped | explicit
  std::vector<Setting> seeds{};                ///< train.seed of the replicates; empty = the spec's own
  std::int64_t run_cap = 0;                    ///< random: points to draw; 0 = not given
  std::uint64_t random_seed = 0;               ///< random: of the draw
  std::vector<Parameter> parameters{};         ///< grid, random, zipped; in the file's order
  std::vector<std::vector<Setting>> points{};  ///< explicit
  EarlyStop early_stop{};                      ///< metric and early_terminate
  std::string origin{};                        ///< of the table itself; "" where the file has none
};

/// [sweep] of a file; an empty one where the file has none.
/// @throws ConfigError  "FILE:LINE: ", an unknown word with the nearest, a wrong type, a value out of range.
SweepTable read_sweep_table(const std::filesystem::path& path);

}  // namespace sac
