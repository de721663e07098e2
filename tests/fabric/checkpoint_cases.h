#pragma once
#include <string>
#include <vector>

#include "engine/core/value.h"

namespace sac::test {

/// One setting whose runs are stopped and resumed.
struct CheckpointCase {
  std::string label;
  std::string strategy;
  ValueMap options{};
  double momentum = 0.0;
};

/// Every strategy as it comes, and those settings that keep more between steps.
std::vector<CheckpointCase> checkpoint_cases();

}  // namespace sac::test
