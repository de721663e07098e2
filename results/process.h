#pragma once
#include <cstdint>
#include <string>

namespace sac {

/// Names one process for as long as the machine runs: a number alone may be taken again.
struct ProcessId {
  std::string machine;  ///< boot and process-number space; two processes are comparable only where it is equal
  std::int64_t pid = 0;
  std::int64_t started = 0;  ///< clock ticks after boot, from /proc
};

/// This process.
ProcessId this_process();

/// A process of this machine that lives.
ProcessId process_of(std::int64_t pid);

/// False where the process is known to be gone; true where it lives or runs on another machine.
bool maybe_alive(const ProcessId& process);

/// True where `process` is this process or one of those that started it.
bool is_self_or_ancestor(const ProcessId& process);

/// This machine's host name.
std::string host_name();

}  // namespace sac
