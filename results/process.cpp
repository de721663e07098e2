#include "results/process.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace sac {
namespace {

std::string machine() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  std::error_code ignored;
  return boot + " " + std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
}

/// What /proc/PID/stat says.
struct ProcessState {
  std::int64_t parent = 0;
  std::int64_t started = 0;  ///< clock ticks after boot
};

/// Fields 4 and 22, counted after the last ')' because the program's name may hold anything; nothing for a process that
/// is gone or only waits to be reaped.
std::optional<ProcessState> state_of(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string state;
  fields >> state;
  if (state == "Z" || state == "X") return std::nullopt;
  ProcessState found;
  fields >> found.parent;
  std::string skipped;
  for (int field = 5; field < 22; ++field) fields >> skipped;
  fields >> found.started;
  return found;
}

std::int64_t start_ticks(std::int64_t pid) {
  const std::optional<ProcessState> state = state_of(pid);
  return state ? state->started : 0;
}

}  // namespace

ProcessId this_process() { return process_of(getpid()); }

ProcessId process_of(std::int64_t pid) { return {machine(), pid, start_ticks(pid)}; }

bool maybe_alive(const ProcessId& process) {
  if (process.machine != machine()) return true;
  const std::optional<ProcessState> state = state_of(process.pid);
  return state && state->started == process.started;
}

bool is_self_or_ancestor(const ProcessId& process) {
  if (process.machine != machine()) return false;
  std::int64_t pid = getpid();
  while (const std::optional<ProcessState> state = state_of(pid)) {
    if (pid == process.pid && state->started == process.started) return true;
    pid = state->parent;
  }
  return false;
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace sac
