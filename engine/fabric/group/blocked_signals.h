#pragma once
#include <chrono>
#include <csignal>
#include <optional>

namespace sac {

/// Blocks SIGCHLD, SIGINT and SIGTERM as long as it lives, so that one thread can wait for them. Threads inherit what
/// is blocked: make it before any other thread starts, or that thread takes the signals.
class BlockedSignals {
 public:
  using Time = std::chrono::steady_clock::time_point;

  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

  /// Waits for the next of the three signals.  @return its number, or 0 at `deadline` (nothing = wait for ever).
  [[nodiscard]] int wait(std::optional<Time> deadline) const;
  /// What was blocked before; async-signal-safe, for a child between fork and exec.
  void restore_in_child() const;

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

}  // namespace sac
