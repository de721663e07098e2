#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/comm/clock.h"
#include "engine/comm/communicator.h"
#include "engine/core/value.h"
#include "engine/fabric/calibration/exchange.h"

namespace sac {

/// What to measure, and for how long.
struct MeasurePlan {
  double seconds = 20.0;              ///< about; small sizes come first, the largest are left out when it runs short
  std::vector<std::int64_t> bytes{};  ///< sizes besides the powers of two that matter: the model's
  std::int64_t max_bytes = 4 << 20;   ///< the largest power of two
  std::function<void()> work{};       ///< one training step without exchanges: what a link rests for
  at::TensorOptions options{};        ///< device of the buffers
};

/// How long one step of `MeasurePlan::work` takes while all ranks are at it.
struct ComputeTimes {
  double mean_s = 0.0;           ///< over steps and ranks
  double sigma = 0.0;            ///< standard deviation of the logarithm, within ranks
  std::vector<double> speeds{};  ///< a rank: mean_s over its own mean
  std::int64_t steps = 0;        ///< measured a rank
};

struct Measurement {
  int ranks = 0;
  Strings hosts{};  ///< by name, each once
  ComputeTimes compute{};
  std::vector<ExchangeCurve> curves{};  ///< in the order of kExchanges
  std::int64_t rest_steps = 0;          ///< training steps that a rest lasted
};

/// Measures compute times and every kind of exchange. Collective: all ranks call it, and get the same numbers.
/// @throws ConfigError  fewer than two ranks.
Measurement measure(Communicator& comm, const Clock& clock, const MeasurePlan& plan);

}  // namespace sac
