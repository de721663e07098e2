#include "engine/fabric/group/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "engine/core/error.h"

namespace sac {
namespace {

/// What the child needs between fork and exec, where nothing may be allocated.
struct Plan {
  const char* program;
  char* const* argv;
  char* const* environment;
  int output;
  int failure;  ///< takes errno where the program cannot be started
  pid_t parent;
  const BlockedSignals* signals;
};

std::vector<char*> pointers(const Strings& words) {
  std::vector<char*> all;
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

/// Only async-signal-safe calls: other threads of the parent may have held any lock.
[[noreturn]] void become(const Plan& plan) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) _exit(1);  // the parent was gone before it could matter
  plan.signals->restore_in_child();
  signal(SIGTTOU, SIG_IGN);  // a group in the background may then write to any terminal
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  if (plan.output >= 0) {
    dup2(plan.output, STDOUT_FILENO);
    dup2(plan.output, STDERR_FILENO);
  }
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  execve(plan.program, plan.argv, plan.environment);
  const int error = errno;
  static_cast<void>(write(plan.failure, &error, sizeof error) != 0);
  _exit(127);
}

[[noreturn]] void refuse(const std::string& program, int error) {
  throw RunError("cannot start '" + program + "': " + std::strerror(error));
}

}  // namespace

pid_t spawn(const Command& command, const BlockedSignals& signals) {
  const std::vector<char*> argv = pointers(command.argv);
  const std::vector<char*> environment = pointers(command.environment);
  std::array<int, 2> failure{};
  if (pipe2(failure.data(), O_CLOEXEC) != 0) refuse(command.program, errno);
  const Plan plan{.program = command.program.c_str(),
                  .argv = argv.data(),
                  .environment = environment.data(),
                  .output = command.output,
                  .failure = failure[1],
                  .parent = getpid(),
                  .signals = &signals};
  const pid_t pid = fork();
  if (pid == 0) become(plan);
  const int fork_error = errno;
  close(failure[1]);
  int error = 0;
  const bool failed = pid > 0 && read(failure[0], &error, sizeof error) == sizeof error;
  close(failure[0]);
  if (pid < 0) refuse(command.program, fork_error);
  if (!failed) return pid;
  waitpid(pid, nullptr, 0);
  refuse(command.program, error);
}

}  // namespace sac
