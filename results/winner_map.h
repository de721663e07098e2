#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "results/compare.h"

namespace sac {

/// Which strategy wins where, over two swept keys: the first to the target accuracy, or without a target the one that
/// is done first. Other swept keys are the strategies' own to choose.
struct WinnerMap {
  struct Cell {
    std::optional<std::size_t> winner{};  ///< place in `Comparison::groups`; nothing = nobody got there
    std::optional<std::size_t> second{};  ///< the best of another strategy
    double lead = 1.0;                    ///< the second's time over the winner's
    bool sure = false;                    ///< their 95 % intervals do not overlap
  };
  std::string x_key;
  std::string y_key;  ///< "" = one row
  std::vector<std::string> xs;
  std::vector<std::string> ys;           ///< one entry, "", where there is one row
  std::vector<std::vector<Cell>> cells;  ///< [y][x]
};

/// Nothing where no key but the strategies' own varies, or only one strategy is there.
std::optional<WinnerMap> winner_map(const Comparison& comparison);

/// What a group needed to win: mean seconds to the target, nothing where a run never got there; without a target its
/// mean seconds.
std::optional<Summary> winning_time(const Comparison& comparison, const GroupSummary& group);

/// A value of a key for a reader: "125 MB/s" of cluster.network.bandwidth_Bps, "50 us" of ..._s.
std::string value_text(const std::string& key, const std::string& value);

}  // namespace sac
