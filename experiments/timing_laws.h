#pragma once
#include <string>
#include <vector>

#include "experiments/strategy_laws.h"

namespace sac {

/// Laws 11 and 12 of one strategy, 8 workers and messages that take no time; exponential, shifted exponential and Pareto
/// times. The cluster's clock must be, to rounding, that of a plain simulation with the same times, which shares no code
/// with it; the plain simulation's mean over 10^6 changes must be the closed form's within 1 %, where there is one. The
/// staleness is the cluster's. Empty for strategies without such laws.
/// @param gradients  that the cluster computes, 10^5 for means within 1 %.
std::vector<LawVerdict> timing_laws(const std::string& strategy, std::int64_t gradients);

}  // namespace sac
