#pragma once
#include <string>

namespace sac {

/// Tells machines apart, and boots of one: processes that agree on it share a steady clock.
std::string machine_id();

}  // namespace sac
