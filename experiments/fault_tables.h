#pragma once
#include <toml++/toml.h>

#include <string>

#include "engine/core/value.h"

namespace sac {

/// Faults written as tables, as the texts of cluster.faults:
///   [[cluster.fault]]
///   worker = 2
///   kind = "die"      # pause, slow, rejoin
///   at_s = 1.5        # for_s: pause, slow; factor: slow
/// @throws ConfigError  "SOURCE:LINE: " and what is wrong.
Strings fault_texts(const toml::array& tables, const std::string& source);

}  // namespace sac
