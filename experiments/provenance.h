#pragma once
#include <string>
#include <utility>
#include <vector>

#include "engine/core/value.h"

namespace sac {

/// Where a run's numbers come from: version, commit, compiler, LibTorch, host, processor, slots, command line, the
/// environment variables that can change speed or results, and the UTC time now. Never passwords, never the rest of the
/// environment.
std::vector<std::pair<std::string, std::string>> provenance(const Strings& argv, int slots);

/// Now as ISO 8601 in UTC: "2024-05-01T12:00:00Z".
std::string utc_now();

}  // namespace sac
