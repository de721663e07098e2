#pragma once
#include <atomic>

#include "engine/core/error.h"

namespace sac {

/// Writing to a pipe nobody reads fails instead of ending the process.
void ignore_closed_pipes();

/// From now on the first SIGINT or SIGTERM sets the flag that is returned; the second ends the process at once with
/// exit code 130 or 143.
/// @param announce  tell a reader of stderr of the first.
const std::atomic<bool>& catch_stop_signals(bool announce = true);

/// Of a run that the signal which set the flag has ended: 130 or 143.
ExitCode stop_code();
/// The same of any signal.
ExitCode stop_code(int signal);

}  // namespace sac
