#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/value.h"

namespace sac {

/// With these options a strategy is another one; an empty name is the initial model.
struct Equality {
  std::string law;
  std::string strategy;
  ValueMap options;
  std::string other;
  ValueMap other_options;
  std::int64_t workers = 4;
  std::string optimizer = "sgd";
  ValueMap optimizer_options{};
};

/// All that are known.
std::vector<Equality> equalities();

}  // namespace sac
