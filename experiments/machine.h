#pragma once
#include <cstdint>
#include <string>

#include "engine/core/value.h"

namespace sac {

/// The processor's name as the system gives it, or "unknown".
std::string cpu_model();

/// Cores this process may use, >= 1: the affinity mask, cut down to the control group's quota.
int usable_cores();

/// Bytes of memory of this machine, or of the control group where that is less; 0 = unknown.
std::int64_t memory_bytes();

/// The largest resident memory of this process so far, in bytes.
std::int64_t peak_memory_bytes();

/// This process's arguments, its own name first.
Strings command_line();

}  // namespace sac
