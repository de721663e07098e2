#pragma once
#include <string>
#include <vector>

#include "experiments/strategy_laws.h"

namespace sac {

/// Laws 11 and 12 of one strategy, 8 workers and messages that take no time; exponential, shifted exponential and
/// Pareto times. The cluster's clock and staleness must be those of a plain simulation with the same times, which
/// shares no code with it, and the plain simulation's means over 10^6 changes those of the closed forms within 1 %,
/// where there are any. Empty for strategies without such laws.
/// @param gradients  that the cluster computes.
std::vector<LawVerdict> timing_laws(const std::string& strategy, std::int64_t gradients);

}  // namespace sac
