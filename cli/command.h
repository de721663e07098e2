#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "engine/core/error.h"
#include "engine/core/registry.h"

namespace sac {

/// Flags that every subcommand shares.
struct Globals {
  bool quiet = false;
  int verbosity = 0;
  bool color = true;  ///< stdout/stderr colours: NO_COLOR, --no-color and TERM=dumb turn them off
};

/// One subcommand, self-registered by its own .cpp in cli/. `add` declares its flags on `sub` (state in a shared_ptr
/// that the returned closure keeps) and returns what to do when it is chosen. Data to stdout, messages to stderr.
struct CommandEntry {
  static constexpr const char* kThing = "command";
  std::string name;
  int order = 0;  ///< place in the help
  std::string summary;
  std::function<std::function<ExitCode()>(CLI::App& sub, const Globals& globals)> add;
};

}  // namespace sac
