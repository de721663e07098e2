#pragma once
#include <bit>
#include <cstdint>

#include "engine/fabric/group/account.h"

namespace sac {

// What one rank of p sends, by the algorithms of Gloo: rings, a binomial tree for a broadcast; a reduce-scatter is an
// all-reduce. n bytes are
// this rank's own vector; shares that do not come out even are rounded down.

/// Two passes of a ring: 2 (p-1)/p n.
inline Traffic all_reduce_traffic(int p, std::int64_t n) { return {n, 2 * (p - 1) * n / p, 2 * (p - 1)}; }

/// One pass: (p-1) n, n the input.
inline Traffic all_gather_traffic(int p, std::int64_t n) { return {n, (p - 1) * n, p - 1}; }

/// A binomial tree: rank v places behind the root sends to v + 2^j for every 2^j above v.
inline Traffic broadcast_traffic(int p, int rank, int root, std::int64_t n) {
  const int place = (rank - root + p) % p;
  std::int64_t children = 0;
  for (unsigned step = std::bit_ceil(static_cast<unsigned>(place) + 1); place + static_cast<int>(step) < p; step *= 2) {
    ++children;
  }
  return {place == 0 ? n : 0, children * n, children};
}

/// Dissemination: ceil(lg p) empty messages.
inline Traffic barrier_traffic(int p) { return {0, 0, std::bit_width(static_cast<unsigned>(p - 1))}; }

}  // namespace sac
