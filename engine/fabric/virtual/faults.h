#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/value.h"
#include "engine/train/strategy.h"

namespace sac {

/// What befalls one worker of the simulated cluster, as a spec says it:
///   worker 2 pauses at 1.5 for 0.5         does nothing for half a second
///   worker 2 slows by 4 at 1.5 for 10      computes four times as long; without `for` to the end
///   worker 2 dies at 1.5                   for good, unless
///   worker 2 rejoins at 3.0                is said of it: what it was computing is lost, and it begins that again
/// Times are seconds of the run's clock.
struct Fault {
  enum class Kind { kPause, kSlow, kDie, kRejoin };
  int worker = 0;
  Kind kind = Kind::kPause;
  double at_s = 0.0;
  double until_s = 0.0;  ///< kPause, kSlow; infinity = to the end
  double factor = 1.0;   ///< kSlow: seconds that a nominal second of computing takes
};

/// @throws ConfigError  not of this form, a worker that is not there, one that is away twice at once or rejoins alive.
/// @return by time, then worker.
std::vector<Fault> parse_faults(const Strings& texts, std::int64_t workers);

/// The same faults, each as it is always written, in order: equal faults give equal text.
Strings canonical_faults(const std::vector<Fault>& faults);

/// Some worker dies.
bool anybody_dies(const std::vector<Fault>& faults);

/// The deaths of workers that never rejoin.
std::vector<Fault> final_deaths(const std::vector<Fault>& faults);

/// @param goes_on  cluster.on_failure = "continue".  @throws ConfigError  where the strategy cannot.
void check_faults(const std::vector<Fault>& faults, bool goes_on, OnDeath on_death, const std::string& strategy);

}  // namespace sac
