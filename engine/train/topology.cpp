#include "engine/train/topology.h"

#include <algorithm>
#include <bit>
#include <map>

#include "engine/core/random.h"

namespace sac {
namespace {

/// Rows of the grid: the largest divisor of `size` up to its root.
int grid_rows(int size) {
  int rows = 1;
  for (int r = 1; r * r <= size; ++r) {
    if (size % r == 0) rows = r;
  }
  return rows;
}

/// Number of j >= 0 with 2^j < size.
int powers_below(int size) { return std::bit_width(static_cast<unsigned>(size - 1)); }

}  // namespace

OptionSpec Topology::option(const std::string& fallback) {
  return {.name = "topology",
          .fallback = fallback,
          .doc = "who talks to whom",
          .choices = {"ring", "torus", "exponential", "one_peer_exponential", "complete", "random_matching"}};
}

Topology::Topology(std::string name, int size, std::uint64_t seed) : name_(std::move(name)), size_(size), seed_(seed) {}

int Topology::at_distance(int rank, std::int64_t distance) const {
  return static_cast<int>(((rank + distance) % size_ + size_) % size_);
}

std::vector<int> Topology::matched(int rank, std::int64_t step) const {
  const Permutation order(static_cast<std::uint64_t>(size_), seed_, 0, static_cast<std::uint64_t>(step));
  std::vector<int> place(static_cast<std::size_t>(size_)), who(static_cast<std::size_t>(size_));
  for (int i = 0; i < size_; ++i) {
    who[static_cast<std::size_t>(i)] = static_cast<int>(order(static_cast<std::uint64_t>(i)));
    place[static_cast<std::size_t>(who[static_cast<std::size_t>(i)])] = i;
  }
  const int partner = place[static_cast<std::size_t>(rank)] ^ 1;
  if (partner >= size_) return {};
  return {who[static_cast<std::size_t>(partner)]};
}

std::vector<int> Topology::heard(int rank, std::int64_t step) const {
  std::vector<int> ranks;
  if (name_ == "ring") return {at_distance(rank, -1), at_distance(rank, 1)};
  if (name_ == "random_matching") return matched(rank, step);
  if (name_ == "torus") {
    const int columns = size_ / grid_rows(size_);
    const int row = rank / columns * columns;
    const int column = rank % columns;
    return {row + (column + 1) % columns, row + (column + columns - 1) % columns, at_distance(rank, columns),
            at_distance(rank, -columns)};
  }
  if (name_ == "one_peer_exponential") {
    const int powers = powers_below(size_);
    if (powers > 0) ranks.push_back(at_distance(rank, -(std::int64_t{1} << (step % powers))));
    return ranks;
  }
  if (name_ == "exponential") {
    for (int j = 0; j < powers_below(size_); ++j) ranks.push_back(at_distance(rank, -(std::int64_t{1} << j)));
    return ranks;
  }
  for (int d = 1; d < size_; ++d) ranks.push_back(at_distance(rank, d));
  return ranks;
}

Mixing Topology::at(int rank, std::int64_t step) const {
  const std::vector<int> ranks = heard(rank, step);
  const double weight = 1.0 / static_cast<double>(ranks.size() + 1);
  std::map<int, double> weights{{rank, weight}};
  for (const int peer : ranks) weights[peer] += weight;
  Mixing mixing{.self = weights[rank]};
  weights.erase(rank);
  for (const auto& [peer, sum] : weights) mixing.in.push_back({peer, sum});
  for (int peer = 0; peer < size_; ++peer) {
    if (peer == rank) continue;
    const std::vector<int> theirs = heard(peer, step);
    if (std::find(theirs.begin(), theirs.end(), rank) != theirs.end()) mixing.out.push_back(peer);
  }
  return mixing;
}

}  // namespace sac
