#include "engine/fabric/group/blocked_signals.h"

#include <algorithm>
#include <cerrno>

namespace sac {

BlockedSignals::BlockedSignals() {
  std::signal(SIGCHLD, SIG_DFL);  // ignored, children would vanish without an exit code
  sigemptyset(&signals_);
  for (const int number : {SIGCHLD, SIGINT, SIGTERM}) sigaddset(&signals_, number);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

BlockedSignals::~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

int BlockedSignals::wait(std::optional<Time> deadline) const {
  for (;;) {
    int number = 0;
    if (deadline) {
      const auto left = std::max(*deadline - std::chrono::steady_clock::now(), std::chrono::nanoseconds(0));
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
      const timespec time{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
      number = sigtimedwait(&signals_, nullptr, &time);
      if (number < 0 && errno == EAGAIN) return 0;
    } else {
      number = sigwaitinfo(&signals_, nullptr);
    }
    if (number > 0) return number;  // else another handler ran in between
  }
}

void BlockedSignals::restore_in_child() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace sac
