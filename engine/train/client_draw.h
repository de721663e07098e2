#pragma once
#include <cstdint>

#include "engine/compress/codec.h"
#include "engine/core/random.h"

namespace sac {

/// Who trains in which round: a share of the clients, drawn anew every round from the run's seed, known to all.
class ClientDraw {
 public:
  ClientDraw() = default;
  /// @param fraction  of the workers; at least one client a round.
  ClientDraw(double fraction, std::int64_t workers, std::uint64_t seed)
      : clients_(share_of_elements(fraction, workers)), workers_(workers), seed_(seed) {}

  [[nodiscard]] std::int64_t clients() const { return clients_; }  ///< of every round
  [[nodiscard]] bool takes_part(int rank, std::int64_t round) const {
    if (clients_ == workers_) return true;
    constexpr std::uint32_t kDraw = 1;  // apart from other permutations of the same seed
    const Permutation order(static_cast<std::uint64_t>(workers_), seed_, kDraw, static_cast<std::uint64_t>(round));
    for (std::int64_t i = 0; i < clients_; ++i) {
      if (static_cast<int>(order(static_cast<std::uint64_t>(i))) == rank) return true;
    }
    return false;
  }
  /// The first round after `round` in which the client takes part.
  [[nodiscard]] std::int64_t next(int rank, std::int64_t round) const {
    constexpr std::int64_t kFar = 1'000'000;  // nobody waits for so long
    std::int64_t next = round + 1;
    while (next < round + kFar && !takes_part(rank, next)) ++next;
    return next;
  }

 private:
  std::int64_t clients_ = 1;
  std::int64_t workers_ = 1;
  std::uint64_t seed_ = 0;
};

}  // namespace sac
