#pragma once
#include <chrono>
#include <string>

namespace sac {

/// Waits until somebody listens at host:port.
/// @return "" once a connection was made, else why none could be: an unknown name at once, anything else at `deadline`.
std::string wait_for_listener(const std::string& host, int port, std::chrono::steady_clock::time_point deadline);

}  // namespace sac
