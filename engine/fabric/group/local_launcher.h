#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/value.h"
#include "engine/fabric/group/blocked_signals.h"

namespace sac {

/// What to start on this machine, and how to end it.
struct LocalLaunch {
  int ranks = 1;
  std::string program = "/proc/self/exe";
  Strings argv{};  ///< of every rank, its own name first
  std::string master_addr = "127.0.0.1";
  int master_port = 0;
  std::filesystem::path logs{};                    ///< an existing folder; takes rank0.log, rank1.log, ...
  std::chrono::milliseconds failure_grace{5'000};  ///< from SIGTERM to SIGKILL once a rank has failed
  std::chrono::milliseconds stop_grace{30'000};    ///< the same once a stop signal has been passed on
  std::function<void(int signal)> stopping{};      ///< told when the first stop signal is passed on
};

/// The rank that ended the others.
struct RankFailure {
  int rank = 0;
  int exit_code = 0;            ///< of a rank that ended by itself
  int signal = 0;               ///< that killed it; 0 = it ended by itself
  std::string error{};          ///< its last error line without "... error: ", or its last line, or ""
  std::filesystem::path log{};  ///< where more may stand; "" where nothing was written
};

/// "exit code 3" or "SIGKILL"
std::string how_it_ended(const RankFailure& failure);

/// How all ranks ended.
struct LocalEnd {
  bool finished = true;                ///< every rank ended with 0
  std::optional<RankFailure> failure;  ///< nothing when all ended with 0 or were asked to stop
  int stop_signal = 0;                 ///< SIGINT or SIGTERM when it was passed on
  bool killed = false;                 ///< some rank did not end in time or was not given any
};

/// N processes of one command line on this machine, the ranks of a run. They see RANK, WORLD_SIZE, LOCAL_RANK,
/// LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT and SACTOOL_LAUNCHER=1. Rank 0 keeps stdout and stderr, and finds its log
/// in SACTOOL_ERROR_FILE for its last error; the others write everything to their logs. Stdin is empty. Each leads a
/// process group of its own, so that a terminal's Ctrl-C reaches this process alone, and dies with this process,
/// however that ends. The thread that makes the object must outlive it.
class LocalRanks {
 public:
  /// Starts them.  @throws RunError  a log or process cannot be made; none is left behind.
  LocalRanks(const BlockedSignals& signals, LocalLaunch launch);
  /// Kills what still runs.
  ~LocalRanks();
  LocalRanks(const LocalRanks&) = delete;
  LocalRanks& operator=(const LocalRanks&) = delete;

  [[nodiscard]] pid_t pid(int rank) const { return ranks_[static_cast<std::size_t>(rank)].pid; }

  /// Waits until all have ended. The first that fails (killed, or an exit code other than 0) has the others ended:
  /// SIGTERM, SIGKILL after the grace. SIGINT and SIGTERM are passed on; the second kills at once.
  LocalEnd wait();

 private:
  struct Rank {
    pid_t pid = 0;
    bool running = false;
  };

  void start(int rank);
  [[nodiscard]] Strings environment_of(int rank) const;
  [[nodiscard]] std::filesystem::path log_of(int rank) const;
  [[nodiscard]] bool any_running() const;
  void reap();
  std::optional<RankFailure> reap(int rank);
  void end_all(int signal, std::chrono::milliseconds grace);
  void pass_on(int signal);
  void send(int signal) const;
  void kill_all();

  const BlockedSignals* signals_;
  LocalLaunch launch_;
  std::vector<Rank> ranks_;
  LocalEnd end_;
  std::optional<BlockedSignals::Time> deadline_;
};

}  // namespace sac
