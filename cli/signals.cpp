#include "cli/signals.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

namespace sac {
namespace {

std::atomic<bool> stop_requested{false};
std::atomic<bool> announced{true};
std::atomic<int> first_signal{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "the flags are set from a signal handler");

void on_stop_signal(int signal) {
  if (first_signal.exchange(signal) != 0) _exit(128 + signal);
  stop_requested = true;
  if (!announced) return;
  constexpr std::string_view kMessage = "\nsactool: stopping at the next step; once more to stop now\n";
  if (write(STDERR_FILENO, kMessage.data(), kMessage.size()) < 0) return;  // nobody is left to be told
}

}  // namespace

void ignore_closed_pipes() { std::signal(SIGPIPE, SIG_IGN); }

const std::atomic<bool>& catch_stop_signals(bool announce) {
  announced = announce;
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return stop_requested;
}

ExitCode stop_code() { return stop_code(first_signal); }

ExitCode stop_code(int signal) { return signal == SIGTERM ? ExitCode::kTerminated : ExitCode::kInterrupted; }

}  // namespace sac
