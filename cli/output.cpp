#include "cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "results/format.h"

namespace sac {
namespace {

bool reader_is_gone() {
  pollfd state{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return poll(&state, 1, 0) == 1 && (state.revents & POLLERR) != 0;
}

}  // namespace

void print_error(const std::string& message) {
  const std::string line = "sactool: error: " + printable(message) + "\n";
  const char* file = std::getenv("SACTOOL_ERROR_FILE");
  if (file != nullptr && std::ofstream(file, std::ios::app) << line << std::flush) return;
  std::cerr << line << std::flush;
}

void print_note(const std::string& message) { std::cerr << "sactool: " << printable(message) << std::endl; }

ExitCode finish_output(ExitCode code) {
  std::cout.flush();
  if (std::cout || reader_is_gone()) return code;
  throw RunError("standard output cannot be written");
}

}  // namespace sac
