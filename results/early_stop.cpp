#include "results/early_stop.h"

#include <algorithm>
#include <cmath>

namespace sac {

std::vector<std::int64_t> EarlyStop::rungs(std::int64_t planned_steps) const {
  std::vector<std::int64_t> steps;
  for (std::int64_t rung = min_steps; active() && rung < planned_steps; rung *= eta) steps.push_back(rung);
  return steps;
}

bool EarlyStop::hopeless(double value, const std::vector<double>& all) const {
  if (static_cast<std::int64_t>(all.size()) < eta) return false;
  if (std::isnan(value)) return true;
  const auto better = std::ranges::count_if(
      all, [&](double other) { return maximise ? other > value : other < value; });  // never true of NaN
  return better >= static_cast<std::int64_t>(all.size()) / eta;
}

}  // namespace sac
