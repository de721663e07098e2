#include "engine/fabric/virtual/measured_cost.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace sac {

MeasuredCost::MeasuredCost(const Doubles& triples, const std::string& name) {
  if (triples.size() % 3 != 0) {
    throw ConfigError(name + " has " + std::to_string(triples.size()) +
                      " numbers; it needs three a size: bytes, seconds back to back, seconds after a rest");
  }
  for (std::size_t i = 0; i < triples.size(); i += 3) {
    const Point point{triples[i], triples[i + 1], triples[i + 2]};
    if (!std::isfinite(point.bytes) || !std::isfinite(point.busy_s) || !std::isfinite(point.rested_s)) {
      throw ConfigError(name + " holds a number that is not finite");
    }
    if (!points_.empty() && point.bytes <= points_.back().bytes) {
      throw ConfigError(name + ": bytes must ascend, but " + shortest(point.bytes) + " follows " +
                        shortest(points_.back().bytes));
    }
    longest_rest_s_ = std::max(longest_rest_s_, std::abs(point.rested_s - point.busy_s));
    points_.push_back(point);
  }
}

double MeasuredCost::at(double bytes, double Point::*seconds) const {
  const Point& last = points_.back();
  if (bytes <= points_.front().bytes) return points_.front().*seconds;
  if (points_.size() == 1) return last.*seconds * bytes / std::max(last.bytes, 1.0);
  const auto above = std::find_if(points_.begin(), points_.end() - 1, [&](const Point& p) { return p.bytes >= bytes; });
  const Point& high = *above;
  const Point& low = *(above - 1);
  const double slope = (high.*seconds - low.*seconds) / (high.bytes - low.bytes);
  if (bytes > last.bytes) return last.*seconds + std::max(0.0, slope) * (bytes - last.bytes);
  return low.*seconds + slope * (bytes - low.bytes);
}

double MeasuredCost::seconds(double bytes, double& rest_s) const {
  rest_s = std::min(rest_s, longest_rest_s_);
  const double change = std::clamp(rested(bytes) - back_to_back(bytes), -rest_s, rest_s);
  rest_s -= std::abs(change);
  return back_to_back(bytes) + change;
}

}  // namespace sac
