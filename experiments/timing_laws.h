#pragma once
#include <string>
#include <vector>

#include "experiments/strategy_laws.h"

namespace sac {

/// Laws 11 and 12 of one strategy: the mean time a change of the model and the staleness on the virtual cluster, 8 workers
/// and messages that take no time, against closed forms where there are any, else against a plain simulation that shares
/// no code with the cluster. Exponential, shifted exponential and Pareto times. Empty for strategies without such laws.
/// @param changes  of the model, as many as a mean takes to come within 1 %: 10^5.
std::vector<LawVerdict> timing_laws(const std::string& strategy, std::int64_t changes);

}  // namespace sac
