#include "cli/sweep_children.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/core/error.h"
#include "engine/fabric/group/log_tail.h"
#include "engine/fabric/group/spawn.h"

namespace sac {
namespace {

Strings own_environment() {
  Strings all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view assignment = *variable;
    const bool is_setting = assignment.starts_with("SACTOOL_") &&
                            assignment.substr(0, assignment.find('=')).find("__") != std::string_view::npos;
    if (!is_setting) all.emplace_back(assignment);  // settings are in the run's spec by now
  }
  return all;
}

}  // namespace

SweepChildren::SweepChildren(const BlockedSignals& signals, Strings arguments, std::filesystem::path logs)
    : signals_(&signals), arguments_(std::move(arguments)), logs_(std::move(logs)) {}

SweepChildren::~SweepChildren() {
  send(SIGKILL);
  for (const Child& child : children_) waitpid(child.pid, nullptr, 0);
  std::error_code ignored;
  for (const Child& child : children_) std::filesystem::remove(log_of(child.run), ignored);
  std::filesystem::remove(logs_, ignored);  // succeeds only when no other sweep uses it
}

std::filesystem::path SweepChildren::log_of(const ClaimedRun& run) const {
  return logs_ / ("run-" + std::to_string(run.run) + ".log");
}

void SweepChildren::start(const ClaimedRun& run) {
  std::error_code ignored;
  std::filesystem::create_directory(logs_, ignored);
  const std::string log = log_of(run).string();
  const int output = open(log.c_str(), O_CREAT | O_TRUNC | O_APPEND | O_WRONLY | O_CLOEXEC, 0666);
  if (output < 0) throw StoreError("cannot write the log '" + log + "': " + std::strerror(errno));
  Strings argv{"sactool", "train", "--scheduled", std::to_string(run.run)};
  argv.insert(argv.end(), arguments_.begin(), arguments_.end());
  try {
    const pid_t pid = spawn(
        {.program = "/proc/self/exe", .argv = argv, .environment = own_environment(), .output = output}, *signals_);
    children_.push_back({run, pid});
  } catch (...) {
    close(output);
    throw;
  }
  close(output);
}

ChildEnd SweepChildren::end_of(const Child& child, const siginfo_t& info) const {
  ChildEnd end{.run = child.run};
  (info.si_code == CLD_EXITED ? end.exit_code : end.signal) = info.si_status;
  end.error = last_error(log_of(child.run));
  std::error_code ignored;
  std::filesystem::remove(log_of(child.run), ignored);
  return end;
}

std::vector<ChildEnd> SweepChildren::reap() {
  std::vector<ChildEnd> ends;
  std::erase_if(children_, [&](const Child& child) {
    siginfo_t info{};
    const int looked = waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOHANG | WNOWAIT);
    if (looked != 0 || info.si_pid == 0) return false;
    kill(-child.pid, SIGKILL);  // what it has started; its number is not given away before it is reaped
    waitpid(child.pid, nullptr, 0);
    ends.push_back(end_of(child, info));
    return true;
  });
  return ends;
}

void SweepChildren::send(int signal) const {
  for (const std::int64_t run : runs()) send(signal, run);
}

void SweepChildren::send(int signal, std::int64_t run) const {
  for (const Child& child : children_) {
    if (child.run.run != run) continue;
    kill(-child.pid, signal);
    kill(-child.pid, SIGCONT);
  }
}

std::vector<std::int64_t> SweepChildren::runs() const {
  std::vector<std::int64_t> numbers;
  for (const Child& child : children_) numbers.push_back(child.run.run);
  return numbers;
}

}  // namespace sac
