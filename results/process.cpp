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

/// Field 22 of /proc/PID/stat, counted after the last ')' because the program's name may hold anything; nothing for a
/// process that is gone or only waits to be reaped.
std::optional<std::int64_t> start_ticks(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string state;
  fields >> state;
  if (state == "Z" || state == "X") return std::nullopt;
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  std::int64_t ticks = 0;
  fields >> ticks;
  return ticks;
}

}  // namespace

ProcessId this_process() { return process_of(getpid()); }

ProcessId process_of(std::int64_t pid) { return {machine(), pid, start_ticks(pid).value_or(0)}; }

bool maybe_alive(const ProcessId& process) {
  return process.machine != machine() || start_ticks(process.pid) == process.started;
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace sac
