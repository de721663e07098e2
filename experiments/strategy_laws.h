#pragma once
#include <string>
#include <vector>

namespace sac {

/// What one law says of one strategy.
struct LawVerdict {
  std::string law;
  bool holds = false;
  std::string figures;  ///< what was compared, or why it could not be
};

/// Runs every law that applies to a registered strategy on QuadraticProblem: those that hold for all of them, with
/// default options, and those that name it. A strategy of the user's own is checked the same way.
/// @throws ConfigError  unknown name.
std::vector<LawVerdict> check_laws(const std::string& strategy);

}  // namespace sac
