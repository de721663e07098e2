#pragma once
#include <sys/types.h>

#include <string>

#include "engine/core/value.h"
#include "engine/fabric/group/blocked_signals.h"

namespace sac {

/// One process to start.
struct Command {
  std::string program;  ///< a path
  Strings argv;         ///< its own name first
  Strings environment;  ///< "NAME=value"
  int output = -1;      ///< descriptor that takes stdout and stderr; -1 = those of this process
};

/// Starts a process that leads a process group of its own, reads nothing, inherits no other descriptor, has the signals
/// as they were before `signals`, and is killed when the calling thread ends, whatever ends it.
/// @return its number, once the program has been started.  @throws RunError  it cannot be.
pid_t spawn(const Command& command, const BlockedSignals& signals);

}  // namespace sac
