#pragma once
#include <string>
#include <vector>

#include "engine/fabric/calibration/exchange.h"

namespace sac {

/// How far a closed form lies from what was measured, |closed form / measured - 1| over the sizes.
struct FitError {
  Exchange exchange = Exchange::kAllReduce;
  double median = 0.0;
  double worst = 0.0;
};

/// The network model that comes nearest to the measured curves.
struct NetworkFit {
  std::string algorithm;  ///< ring, halving_doubling, tree, server or auto
  double latency_s = 0.0;
  double bandwidth_Bps = 0.0;
  std::vector<FitError> errors;  ///< a curve
};

/// Least squares of the relative error over every size of every curve, one latency and one bandwidth for all of them,
/// for each algorithm of NetworkModel; the algorithm with the least error wins.
/// @param curves  with at least two sizes in all.  @param ranks  that took part, >= 2.
NetworkFit fit_network(const std::vector<ExchangeCurve>& curves, int ranks);

}  // namespace sac
