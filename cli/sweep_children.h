#pragma once
#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/value.h"
#include "engine/fabric/group/blocked_signals.h"
#include "results/sweep_store.h"

namespace sac {

/// How a child of a sweep ended.
struct ChildEnd {
  ClaimedRun run;
  int exit_code = 0;    ///< of one that ended by itself
  int signal = 0;       ///< that killed it; 0 = it ended by itself
  std::string error{};  ///< its last error line
};

/// The runs that a sweep has under way, each in a process of its own: `sactool train --scheduled RUN`. They lead
/// process groups of their own, so that a terminal's Ctrl-C reaches the sweep alone, and die with it.
class SweepChildren {
 public:
  /// @param arguments  of every child, after `train --scheduled RUN`.  @param logs  a folder for what they write, made
  /// when needed and removed at the end.
  SweepChildren(const BlockedSignals& signals, Strings arguments, std::filesystem::path logs);
  ~SweepChildren();
  SweepChildren(const SweepChildren&) = delete;
  SweepChildren& operator=(const SweepChildren&) = delete;

  /// @throws StoreError  the log cannot be written; RunError  no process can be had.
  void start(const ClaimedRun& run);
  [[nodiscard]] std::size_t count() const { return children_.size(); }
  /// Those that have ended since the last call.
  std::vector<ChildEnd> reap();
  void send(int signal) const;
  void send(int signal, std::int64_t run) const;
  /// Numbers of those under way.
  [[nodiscard]] std::vector<std::int64_t> runs() const;

 private:
  struct Child {
    ClaimedRun run;
    pid_t pid = 0;
  };
  [[nodiscard]] std::filesystem::path log_of(const ClaimedRun& run) const;
  [[nodiscard]] ChildEnd end_of(const Child& child, const siginfo_t& info) const;

  const BlockedSignals* signals_;
  Strings arguments_;
  std::filesystem::path logs_;
  std::vector<Child> children_;
};

}  // namespace sac
