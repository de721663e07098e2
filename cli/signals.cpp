#include "cli/signals.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

namespace sac {
namespace {

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the flag is set from a signal handler");

void on_stop_signal(int signal) {
  if (stop_requested.exchange(true)) _exit(128 + signal);
  constexpr std::string_view kMessage = "\nsactool: stopping at the next step; once more to stop now\n";
  if (write(STDERR_FILENO, kMessage.data(), kMessage.size()) < 0) return;  // nobody is left to be told
}

}  // namespace

void ignore_closed_pipes() { std::signal(SIGPIPE, SIG_IGN); }

const std::atomic<bool>& catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return stop_requested;
}

}  // namespace sac
