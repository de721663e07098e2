#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "cli/command.h"
#include "engine/core/metric_sink.h"
#include "results/process.h"

namespace sac {

/// What is started on this machine.
struct LocalRun {
  std::int64_t ranks = 1;
  std::filesystem::path beside{};  ///< the file beside which the logs lie: the database, the profile
  /// Told how it ended where rank 0 cannot say so itself.
  std::function<void(const ProcessId& rank0, RunStatus status, const std::string& error)> ended{};
};

/// Starts ranks of this command line on this machine and stays until all have ended. Rank 0 keeps the terminal; the
/// others' logs are removed after a good end.
/// @throws RunError  a rank failed: which, how, with its last error line and where its log is.
/// @throws Error     a rank found, before the first step, that the run cannot be (its message and exit code).
ExitCode run_on_local_ranks(const LocalRun& run, const Globals& globals);

}  // namespace sac
