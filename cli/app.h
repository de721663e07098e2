#pragma once
#include "engine/core/error.h"

namespace sac {

/// Parses a command line, runs the chosen subcommand, and makes sure that what it printed has arrived.
/// @throws Error  of any kind; UsageError for an unknown command or flag, with the nearest known one.
ExitCode run_app(int argc, const char* const* argv);

}  // namespace sac
