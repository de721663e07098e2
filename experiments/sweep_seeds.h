#pragma once
#include <toml++/toml.h>

#include <string>
#include <vector>

#include "experiments/layer.h"

namespace sac {

/// A list of seeds, or how many, as settings of train.seed.  @throws ConfigError  none, no integers, one given twice.
std::vector<Setting> seed_settings(const toml::node& node, const std::string& origin);

}  // namespace sac
