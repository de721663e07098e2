#pragma once
#include <string>

namespace sac {

/// A field as RFC 4180 has it: quoted only where it must be.
std::string csv_field(const std::string& field);

}  // namespace sac
