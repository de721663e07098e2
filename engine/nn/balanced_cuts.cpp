#include "engine/nn/balanced_cuts.h"

#include <algorithm>
#include <limits>

namespace sac {
namespace {

constexpr double kImpossible = std::numeric_limits<double>::infinity();

/// The best cut by dynamic programming over (runs, pieces): `join` adds a run of a cost to the value of those before.
struct Cut {
  double value = 0.0;
  std::vector<std::size_t> begins;
};

template <class Join>
Cut best_cut(const std::vector<double>& sums, std::size_t parts, const Join& join) {
  const std::size_t pieces = sums.size() - 1;
  std::vector<std::vector<std::size_t>> from(parts + 1, std::vector<std::size_t>(pieces + 1, 0));
  std::vector<double> before(pieces + 1, kImpossible);
  before[0] = 0.0;
  for (std::size_t part = 1; part <= parts; ++part) {
    std::vector<double> now(pieces + 1, kImpossible);
    for (std::size_t end = part; end <= pieces; ++end) {
      for (std::size_t begin = part - 1; begin < end; ++begin) {
        const double value = join(before[begin], sums[end] - sums[begin]);
        if (value >= now[end]) continue;
        now[end] = value;
        from[part][end] = begin;
      }
    }
    before = std::move(now);
  }
  Cut cut{.value = before[pieces], .begins = std::vector<std::size_t>(parts)};
  std::size_t end = pieces;
  for (std::size_t part = parts; part > 0; --part) end = cut.begins[part - 1] = from[part][end];
  return cut;
}

}  // namespace

std::vector<std::size_t> balanced_cuts(const std::vector<double>& costs, std::size_t parts) {
  std::vector<double> sums{0.0};
  for (const double cost : costs) sums.push_back(sums.back() + cost);
  const double least = best_cut(sums, parts, [](double before, double run) { return std::max(before, run); }).value;
  const double limit = least * (1.0 + 1e-12);
  return best_cut(sums, parts,
                  [&](double before, double run) { return run > limit ? kImpossible : before + run * run; })
      .begins;
}

}  // namespace sac
