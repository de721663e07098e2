#include "engine/fabric/group/local_launcher.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "engine/core/error.h"
#include "engine/fabric/group/log_tail.h"
#include "engine/fabric/group/spawn.h"

namespace sac {
namespace {

/// Variables that say who a rank is; what this process was told of itself is not passed on.
constexpr std::array kOwn{"RANK",        "WORLD_SIZE",  "LOCAL_RANK",       "LOCAL_WORLD_SIZE",
                          "MASTER_ADDR", "MASTER_PORT", "SACTOOL_LAUNCHER", "SACTOOL_ERROR_FILE"};

bool is_own(std::string_view assignment) {
  return std::ranges::find(kOwn, assignment.substr(0, assignment.find('='))) != kOwn.end();
}

/// An open file that closes itself.
class LogFile {
 public:
  explicit LogFile(const std::filesystem::path& path)
      : descriptor_(open(path.c_str(), O_CREAT | O_TRUNC | O_APPEND | O_WRONLY | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) throw RunError("cannot write the log '" + path.string() + "': " + std::strerror(errno));
  }
  ~LogFile() { close(descriptor_); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

std::string how_it_ended(const RankFailure& failure) {
  if (failure.signal == 0) return "exit code " + std::to_string(failure.exit_code);
  const char* name = sigabbrev_np(failure.signal);
  return name == nullptr ? "signal " + std::to_string(failure.signal) : "SIG" + std::string(name);
}

LocalRanks::LocalRanks(const BlockedSignals& signals, LocalLaunch launch)
    : signals_(&signals), launch_(std::move(launch)), ranks_(static_cast<std::size_t>(launch_.ranks)) {
  try {
    for (int rank = 0; rank < launch_.ranks; ++rank) start(rank);
  } catch (...) {
    kill_all();
    throw;
  }
}

LocalRanks::~LocalRanks() { kill_all(); }

void LocalRanks::start(int rank) {
  const LogFile log(log_of(rank));
  Rank& started = ranks_[static_cast<std::size_t>(rank)];
  started.pid = spawn({.program = launch_.program,
                       .argv = launch_.argv,
                       .environment = environment_of(rank),
                       .output = rank == 0 ? -1 : log.descriptor()},
                      *signals_);
  started.running = true;
}

Strings LocalRanks::environment_of(int rank) const {
  Strings all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!is_own(*variable)) all.emplace_back(*variable);
  }
  const std::string ranks = std::to_string(launch_.ranks);
  all.push_back("RANK=" + std::to_string(rank));
  all.push_back("WORLD_SIZE=" + ranks);
  all.push_back("LOCAL_RANK=" + std::to_string(rank));
  all.push_back("LOCAL_WORLD_SIZE=" + ranks);
  all.push_back("MASTER_ADDR=" + launch_.master_addr);
  all.push_back("MASTER_PORT=" + std::to_string(launch_.master_port));
  all.emplace_back("SACTOOL_LAUNCHER=1");
  if (rank == 0) all.push_back("SACTOOL_ERROR_FILE=" + log_of(0).string());
  return all;
}

std::filesystem::path LocalRanks::log_of(int rank) const {
  return launch_.logs / ("rank" + std::to_string(rank) + ".log");
}

bool LocalRanks::any_running() const {
  return std::ranges::any_of(ranks_, [](const Rank& rank) { return rank.running; });
}

LocalEnd LocalRanks::wait() {
  while (any_running()) {
    const int signal = signals_->wait(deadline_);
    if (signal == 0) {
      kill_all();
    } else if (signal == SIGCHLD) {
      reap();
    } else {
      pass_on(signal);
    }
  }
  return end_;
}

/// Takes note of every rank that has ended. One that was killed explains the others' complaints.
void LocalRanks::reap() {
  std::optional<RankFailure> first;
  for (int rank = 0; rank < launch_.ranks; ++rank) {
    const std::optional<RankFailure> failure = reap(rank);
    if (failure) end_.finished = false;
    if (failure && (!first || (first->signal == 0 && failure->signal != 0))) first = failure;
  }
  if (!first || end_.failure || end_.stop_signal != 0) return;
  const std::filesystem::path log = log_of(first->rank);
  first->error = last_error(log);
  if (!first->error.empty()) first->log = log;
  end_.failure = std::move(first);
  end_all(SIGTERM, launch_.failure_grace);
}

/// @return how the rank failed where it has just ended so.
std::optional<RankFailure> LocalRanks::reap(int rank) {
  Rank& ended = ranks_[static_cast<std::size_t>(rank)];
  siginfo_t info{};
  if (!ended.running) return std::nullopt;
  const int looked = waitid(P_PID, static_cast<id_t>(ended.pid), &info, WEXITED | WNOHANG | WNOWAIT);
  if (looked != 0 || info.si_pid == 0) return std::nullopt;
  kill(-ended.pid, SIGKILL);  // what it has started; its number is not given away before it is reaped
  waitpid(ended.pid, nullptr, 0);
  ended.running = false;
  const bool by_itself = info.si_code == CLD_EXITED;
  if (by_itself && info.si_status == 0) return std::nullopt;
  RankFailure failure{.rank = rank};
  (by_itself ? failure.exit_code : failure.signal) = info.si_status;
  return failure;
}

void LocalRanks::pass_on(int signal) {
  if (end_.failure || end_.stop_signal != 0) return kill_all();
  end_.stop_signal = signal;
  end_all(signal, launch_.stop_grace);
  if (launch_.stopping) launch_.stopping(signal);
}

/// Asks all to end; one that is stopped wakes up for it.
void LocalRanks::end_all(int signal, std::chrono::milliseconds grace) {
  deadline_ = std::chrono::steady_clock::now() + grace;
  send(signal);
  send(SIGCONT);
}

void LocalRanks::send(int signal) const {
  for (const Rank& rank : ranks_) {
    if (rank.running) kill(-rank.pid, signal);
  }
}

void LocalRanks::kill_all() {
  if (!any_running()) return;
  end_.killed = true;
  end_.finished = false;
  send(SIGKILL);
  for (Rank& rank : ranks_) {
    if (rank.running) waitpid(rank.pid, nullptr, 0);
    rank.running = false;
  }
}

}  // namespace sac
