#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/metric_sink.h"
#include "experiments/spec.h"
#include "experiments/sweep_table.h"

namespace sac {

/// One run of a sweep.
struct SweepRun {
  RunSpec spec;
  std::vector<std::pair<std::string, std::string>> varied;  ///< swept key -> value as TOML, in the sweep's order
};

/// What a sweep consists of, in the order in which its runs should start: every point at the first seed, then at the
/// second, ...; among the points the strategies take turns, so that a sweep cut short has something of everything.
struct SweepPlan {
  std::string name;
  std::string method;
  Strings axes;  ///< swept keys
  std::vector<SweepRun> runs;
};

/// What the command line changes in a file's [sweep].
struct SweepOverrides {
  std::string name{};
  std::vector<Setting> seeds{};         ///< in place of the file's
  std::vector<Parameter> parameters{};  ///< each in place of the file's of the same key, or one more
  Strings fixed{};                      ///< keys that a flag has set to one value: swept no longer
};

/// [sweep] with what the command line says of it.  @throws ConfigError  what does not go together.
SweepTable with_overrides(SweepTable table, const SweepOverrides& overrides);

/// Every run of a sweep, resolved and checked. Points that come to the same spec (an option that the chosen strategy
/// does not have) are one.  @param layers  of the spec; the swept values are laid over them.
/// @throws ConfigError  as resolve, beginning with the value's origin; lists of different lengths; too many runs.
SweepPlan plan_sweep(const std::vector<Layer>& layers, const SweepTable& table);

/// What the store must know of every run before it begins: names that tell what was varied, keys, planned steps. The
/// number of parameters stays 0. Reads each data set once.  @throws DataError, ConfigError
std::vector<RunContext> contexts_of(const SweepPlan& plan, const std::filesystem::path& data_dir);

}  // namespace sac
