#include "cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "engine/core/value.h"
#include "results/format.h"

namespace sac {
namespace {

bool reader_is_gone() {
  pollfd state{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return poll(&state, 1, 0) == 1 && (state.revents & POLLERR) != 0;
}

}  // namespace

void print_error(const std::string& message) { std::cerr << "sactool: error: " << printable(message) << std::endl; }

void print_note(const std::string& message) { std::cerr << "sactool: " << printable(message) << std::endl; }

void print_json(const nlohmann::ordered_json& document) {
  std::cout << document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

nlohmann::ordered_json json_number(double number) {
  if (std::isfinite(number)) return number;
  return shortest(number);
}

ExitCode finish_output(ExitCode code) {
  std::cout.flush();
  if (std::cout || reader_is_gone()) return code;
  throw RunError("standard output cannot be written");
}

}  // namespace sac
