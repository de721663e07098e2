#include "cli/local_run.h"

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <string>

#include "cli/db_option.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "engine/fabric/group/local_launcher.h"
#include "engine/fabric/group/rendezvous.h"
#include "experiments/machine.h"
#include "experiments/provenance.h"

namespace sac {
namespace {

/// A folder for the logs of one start, beside a file; removed with the object unless kept.
class LogFolder {
 public:
  /// @throws StoreError  it cannot be made.
  explicit LogFolder(const std::filesystem::path& file);
  ~LogFolder();
  LogFolder(const LogFolder&) = delete;
  LogFolder& operator=(const LogFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  std::filesystem::path path_;
  bool kept_ = false;
};

LogFolder::LogFolder(const std::filesystem::path& file) {
  const std::filesystem::path parent = folder_beside(file.string(), ".logs");
  std::string begun = utc_now();
  std::erase_if(begun, [](char c) { return c == ':' || c == '-'; });
  path_ = parent / (begun + "-" + std::to_string(getpid()));
  std::error_code error;
  std::filesystem::create_directory(parent, error);
  if (!error) std::filesystem::create_directory(path_, error);
  if (error) throw StoreError("the logs' folder '" + path_.string() + "' cannot be made: " + error.message());
}

LogFolder::~LogFolder() {
  std::error_code ignored;
  if (!kept_) std::filesystem::remove_all(path_, ignored);
  std::filesystem::remove(path_.parent_path(), ignored);  // succeeds only when it is empty
}

std::string describe(const RankFailure& failure, const LogFolder& logs) {
  std::string text = "rank " + std::to_string(failure.rank);
  text += failure.signal != 0 ? " was killed by " + how_it_ended(failure) : " failed with " + how_it_ended(failure);
  if (!failure.error.empty()) text += ": " + failure.error;
  const bool own_log = failure.rank != 0 && !failure.log.empty();
  return text + (own_log ? "; log: " + failure.log.string() : "; logs: " + logs.path().string());
}

/// True for an error that a rank has found before the run began: it concerns the run, not the rank.
bool concerns_the_run(const RankFailure& failure) {
  return !failure.error.empty() && (failure.exit_code == static_cast<int>(ExitCode::kUsage) ||
                                    failure.exit_code == static_cast<int>(ExitCode::kBackend));
}

[[noreturn]] void fail(const RankFailure& failure, const ProcessId& rank0, const LocalRun& run, LogFolder& logs) {
  const bool general = concerns_the_run(failure);
  const std::string message = general ? failure.error : describe(failure, logs);
  run.ended(rank0, RunStatus::kFailed, message);
  if (general) throw Error(static_cast<ExitCode>(failure.exit_code), message);
  logs.keep();
  throw RunError(message);
}

ExitCode stopped(const LocalEnd& end, const ProcessId& rank0, const LocalRun& run) {
  const bool interrupted = end.stop_signal == SIGINT;
  if (end.killed) {
    run.ended(rank0, RunStatus::kKilled, interrupted ? "stopped by SIGINT" : "stopped by SIGTERM");
  }
  return stop_code(end.stop_signal);
}

}  // namespace

ExitCode run_on_local_ranks(const LocalRun& run, const Globals& globals) {
  const BlockedSignals signals;
  const StoreHost store;
  LogFolder logs(run.beside);
  LocalRanks ranks(signals, {.ranks = static_cast<int>(run.ranks),
                             .argv = command_line(),
                             .master_port = store.port(),
                             .logs = logs.path(),
                             .stopping = [&globals](int) {
                               if (!globals.quiet) print_note("stopping at the next step; once more to stop now");
                             }});
  const ProcessId rank0 = process_of(ranks.pid(0));
  const LocalEnd end = ranks.wait();
  if (end.finished) return ExitCode::kOk;
  const auto style = ProgressDisplay::style_for(globals.quiet);
  if (style == ProgressDisplay::Style::kTerminal) std::cerr << "\r\x1b[K";  // what a killed rank 0 has left there
  if (end.failure) fail(*end.failure, rank0, run, logs);
  return stopped(end, rank0, run);
}

}  // namespace sac
