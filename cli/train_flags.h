#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "cli/spec_flags.h"
#include "experiments/machine.h"

namespace sac {

/// Steps of each worker that a virtual run takes down in its timeline unless told otherwise.
inline constexpr std::int64_t kTimeline = 16;

/// What --resume without a run stands for.
inline constexpr const char* kNewestRun = "newest";

/// Declares --timeline.
void add_timeline_option(CLI::App& sub, std::int64_t& steps);

/// What `sactool train` is told.
struct TrainFlags {
  SpecFlags spec;
  std::int64_t slots = usable_cores();
  std::string database;
  std::string data_dir;
  std::string save;       ///< where the final model goes
  std::string resume;     ///< a run, or kNewestRun
  std::string scheduled;  ///< run of a sweep to make
  std::int64_t timeline = kTimeline;
  bool json = false;
  bool dry_run = false;
};

/// Declares the flags on `sub`; `flags` must outlive it.
void declare_train_flags(CLI::App& sub, TrainFlags& flags);

}  // namespace sac
