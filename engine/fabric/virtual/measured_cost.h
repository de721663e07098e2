#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/value.h"

namespace sac {

/// What one kind of exchange took when it was measured: a table bytes -> seconds. Straight lines between the sizes, the
/// first value below them, the last slope beyond them. Each size has two times: straight after the exchange before, and
/// after a rest. They differ where links save up while they are idle (a token bucket lets a burst through at once) or
/// cool down (congestion windows, sleeping cores).
class MeasuredCost {
 public:
  MeasuredCost() = default;
  /// @param triples  bytes, seconds back to back, seconds after a rest, bytes, ...; bytes ascending.
  /// @param name  of the option, for messages.  @throws ConfigError  no triples, not ascending, negative.
  MeasuredCost(const Doubles& triples, const std::string& name);

  [[nodiscard]] bool given() const { return !points_.empty(); }
  [[nodiscard]] double back_to_back(double bytes) const { return at(bytes, &Point::busy_s); }
  [[nodiscard]] double rested(double bytes) const { return at(bytes, &Point::rested_s); }
  /// Seconds for `bytes` on links that have rested for `rest_s`: a second of rest moves the time by at most a second
  /// from back_to_back() to rested(). What of the rest is used up is taken off `rest_s`.
  [[nodiscard]] double seconds(double bytes, double& rest_s) const;

 private:
  struct Point {
    double bytes;
    double busy_s;
    double rested_s;
  };
  [[nodiscard]] double at(double bytes, double Point::*seconds) const;

  std::vector<Point> points_;    ///< by bytes
  double longest_rest_s_ = 0.0;  ///< a longer one changes nothing
};

/// The tables of [cluster.network]; one that is not given leaves its exchange to the closed form.
struct MeasuredCosts {
  MeasuredCost all_reduce{};
  MeasuredCost broadcast{};
  MeasuredCost all_gather{};
  MeasuredCost reduce_scatter{};
  MeasuredCost send{};       ///< one message between two hosts
  std::int64_t workers = 0;  ///< ranks that took part in the collectives
};

}  // namespace sac
