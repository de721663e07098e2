#include "engine/fabric/virtual/network_model.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <numeric>

namespace sac {
namespace {

/// One level of a cluster: p ranks over equal links.
struct Level {
  std::int64_t p;
  double alpha;
  double beta;
};

std::int64_t ceil_log2(std::int64_t p) {
  return p <= 1 ? 0 : static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(p - 1)));
}

/// One of the ring's two passes: reduce-scatter or all-gather.
CollectiveCost ring_pass(const Level& level, std::int64_t bytes) {
  const auto p = static_cast<double>(level.p);
  const auto n = static_cast<double>(bytes);
  return {(p - 1) * level.alpha + (p - 1) / p * n * level.beta, (level.p - 1) * bytes, level.p * (level.p - 1)};
}

CollectiveCost tree_pass(const Level& level, std::int64_t bytes) {
  const auto rounds = static_cast<double>(ceil_log2(level.p));
  return {rounds * (level.alpha + static_cast<double>(bytes) * level.beta), (level.p - 1) * bytes, level.p - 1};
}

CollectiveCost halving_doubling_pass(const Level& level, std::int64_t bytes) {
  const auto lg = static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(level.p))) - 1;
  const std::int64_t core = std::int64_t{1} << lg;
  const std::int64_t rest = level.p - core;
  const auto n = static_cast<double>(bytes);
  const auto c = static_cast<double>(core);
  CollectiveCost cost{static_cast<double>(lg) * level.alpha + (c - 1) / c * n * level.beta, (core - 1) * bytes,
                      core * lg};
  if (rest > 0) {
    cost.seconds += level.alpha + n * level.beta;
    cost.wire_bytes += rest * bytes;
    cost.messages += rest;
  }
  return cost;
}

CollectiveCost server_pass(const Level& level, std::int64_t bytes) {
  const auto p = static_cast<double>(level.p);
  return {p * (level.alpha + static_cast<double>(bytes) * level.beta), level.p * bytes, level.p};
}

CollectiveCost operator+(const CollectiveCost& a, const CollectiveCost& b) {
  return {a.seconds + b.seconds, a.wire_bytes + b.wire_bytes, a.messages + b.messages};
}

CollectiveCost one_pass(const std::string& algorithm, const Level& level, std::int64_t bytes) {
  if (algorithm == "tree") return tree_pass(level, bytes);
  if (algorithm == "halving_doubling") return halving_doubling_pass(level, bytes);
  if (algorithm == "server") return server_pass(level, bytes);
  return ring_pass(level, bytes);
}

/// An all-reduce is a reduction pass and a distribution pass of equal cost; a broadcast by ring or halving-doubling is
/// a scatter and an all-gather; the other collectives are one pass.
CollectiveCost flat_cost(CollectiveKind kind, const std::string& algorithm, const Level& level, std::int64_t bytes) {
  const CollectiveCost pass = one_pass(algorithm, level, bytes);
  const bool scattered = algorithm == "ring" || algorithm == "halving_doubling";
  const bool two_passes = kind == CollectiveKind::kAllReduce || kind == CollectiveKind::kBarrier ||
                          (kind == CollectiveKind::kBroadcast && scattered);
  return two_passes ? pass + pass : pass;
}

/// The group's place in the cluster: hosts, and the most ranks on one of them.
struct Placement {
  std::int64_t hosts = 0;
  std::int64_t per_host = 0;
};

Placement placement_of(const NetworkModel& network, const std::vector<int>& ranks) {
  std::map<int, std::int64_t> count;
  for (const int rank : ranks) ++count[network.host_of(rank)];
  Placement placement{.hosts = static_cast<std::int64_t>(count.size())};
  for (const auto& [host, members] : count) placement.per_host = std::max(placement.per_host, members);
  return placement;
}

/// The table of one kind; a barrier has none.
const MeasuredCost& table_of(const MeasuredCosts& measured, CollectiveKind kind) {
  static const MeasuredCost kNone;
  switch (kind) {
    case CollectiveKind::kAllReduce: return measured.all_reduce;
    case CollectiveKind::kBroadcast: return measured.broadcast;
    case CollectiveKind::kAllGather: return measured.all_gather;
    case CollectiveKind::kReduceScatter: return measured.reduce_scatter;
    case CollectiveKind::kBarrier: break;
  }
  return kNone;
}

}  // namespace

CollectiveCost NetworkModel::cost(CollectiveKind kind, const std::vector<int>& ranks, std::int64_t bytes) const {
  return cost(kind, config_.algorithm, ranks, bytes);
}

CollectiveCost NetworkModel::cost(CollectiveKind kind, const std::vector<int>& ranks, std::int64_t bytes,
                                  double& rest_s) const {
  CollectiveCost cost = this->cost(kind, ranks, bytes);
  const MeasuredCost& table = table_of(config_.measured, kind);
  if (!table.given() || ranks.size() < 2) return cost;
  std::vector<int> measured(static_cast<std::size_t>(config_.measured.workers));
  std::iota(measured.begin(), measured.end(), 0);
  const double there = this->cost(kind, measured, bytes).seconds;
  const double scale = there > 0.0 ? cost.seconds / there : 1.0;
  cost.seconds = scale * table.seconds(static_cast<double>(bytes), rest_s);
  return cost;
}

double NetworkModel::message_latency(std::int64_t bytes) const {
  if (!config_.measured.send.given()) return config_.latency_s;
  const auto n = static_cast<double>(bytes);
  return std::max(0.0, config_.measured.send.back_to_back(n) - n / config_.bandwidth_Bps);
}

CollectiveCost NetworkModel::cost(CollectiveKind kind, const std::string& algorithm, const std::vector<int>& ranks,
                                  std::int64_t bytes) const {
  const auto p = static_cast<std::int64_t>(ranks.size());
  if (p <= 1) return {};
  if (algorithm == "auto") {
    static const std::array<std::string, 4> kCandidates{"ring", "halving_doubling", "tree", "hierarchical"};
    CollectiveCost best = cost(kind, kCandidates[0], ranks, bytes);
    for (const std::string& candidate : kCandidates) {
      const CollectiveCost other = cost(kind, candidate, ranks, bytes);
      if (other.seconds < best.seconds) best = other;
    }
    return best;
  }
  const Placement placement = placement_of(*this, ranks);
  const Level local{placement.per_host, config_.local_latency_s, 1.0 / config_.local_bandwidth_Bps};
  const Level between{placement.hosts, config_.latency_s, 1.0 / config_.bandwidth_Bps};
  if (placement.hosts == 1) return flat_cost(kind, algorithm == "hierarchical" ? "ring" : algorithm, local, bytes);
  if (algorithm == "hierarchical" && placement.per_host > 1) {
    const CollectiveCost outer = flat_cost(kind, "ring", between, bytes);
    CollectiveCost inner = flat_cost(kind, "ring", local, bytes);
    inner.wire_bytes *= placement.hosts;
    inner.messages *= placement.hosts;
    return {outer.seconds + inner.seconds, outer.wire_bytes + inner.wire_bytes, outer.messages + inner.messages};
  }
  Level flat{p, between.alpha, between.beta};
  if (algorithm == "halving_doubling")
    flat.beta *= static_cast<double>(placement.per_host);  // all share the host's link
  return flat_cost(kind, algorithm == "hierarchical" ? "ring" : algorithm, flat, bytes);
}

}  // namespace sac
