#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/options.h"

namespace sac {

/// One directed link of a gossip step.
struct Link {
  int peer = 0;
  double weight = 0.0;  ///< of what comes in over it
};

/// What one rank does in one gossip step: x <- self x + sum over `in` of weight * theirs.
struct Mixing {
  double self = 1.0;
  std::vector<Link> in{};  ///< ascending peers, each once
  std::vector<int> out{};  ///< who takes ours, ascending
};

/// Who talks to whom, K ranks; every mixing matrix is doubly stochastic.
///   ring                  both neighbours, weights 1/3; |lambda_2| = 1/3 + 2/3 cos(2 pi / K)
///   torus                 the 4 neighbours in an as square as possible grid, weights 1/5
///   exponential           r - 1, r - 2, r - 4, ... < K, weights 1 / (1 + their number)     Ying et al. 2021
///   one_peer_exponential  one of these a step in turn, weight 1/2                         arXiv:2110.13363
///   complete              everybody, weights 1/K
///   random_matching       pairs drawn anew every step from the run's seed, weight 1/2; one rank is left out of odd K
class Topology {
 public:
  /// `topology`.
  static OptionSpec option(const std::string& fallback);

  /// @param name  one of the above.  @param size  K.
  Topology(std::string name, int size, std::uint64_t seed);

  /// @param step  counts gossip steps.
  [[nodiscard]] Mixing at(int rank, std::int64_t step) const;

 private:
  /// The ranks that `rank` hears in `step`, with repetitions.
  [[nodiscard]] std::vector<int> heard(int rank, std::int64_t step) const;
  [[nodiscard]] std::vector<int> matched(int rank, std::int64_t step) const;
  [[nodiscard]] int at_distance(int rank, std::int64_t distance) const;

  std::string name_;
  int size_;
  std::uint64_t seed_;
};

}  // namespace sac
