#include "engine/fabric/virtual/flow_network.h"

#include <algorithm>
#include <limits>

namespace sac {
namespace {

/// Bytes below which a flow has ended: rounding leaves fractions of a byte.
constexpr double kEnded = 1e-3;

}  // namespace

FlowNetwork::FlowNetwork(const NetworkConfig& config, int hosts)
    : bandwidth_(config.bandwidth_Bps),
      local_bandwidth_(config.local_bandwidth_Bps),
      latency_(config.latency_s),
      local_latency_(config.local_latency_s),
      hosts_(hosts) {}

double FlowNetwork::latency(int source, int destination) const {
  return source == destination ? local_latency_ : latency_;
}

void FlowNetwork::start(std::int64_t id, int source, int destination, std::int64_t bytes, double now) {
  progress(now);
  flows_[id] = {source, destination, static_cast<double>(bytes), 0.0};
  share();
}

double FlowNetwork::next_completion() const {
  double next = std::numeric_limits<double>::infinity();
  for (const auto& [id, flow] : flows_) {
    next = std::min(next, flow.remaining <= kEnded ? now_ : now_ + flow.remaining / flow.rate);
  }
  return next;
}

std::vector<std::int64_t> FlowNetwork::advance(double now) {
  const double due = next_completion();
  progress(now);
  std::vector<std::int64_t> ended;
  for (auto& [id, flow] : flows_) {
    const bool due_now = due <= now && flow.remaining <= flow.rate * (now * 1e-12);  // the clock's own resolution
    if (flow.remaining <= kEnded || due_now) ended.push_back(id);
  }
  for (const std::int64_t id : ended) flows_.erase(id);
  if (!ended.empty()) share();
  return ended;
}

void FlowNetwork::progress(double now) {
  for (auto& [id, flow] : flows_) flow.remaining = std::max(0.0, flow.remaining - flow.rate * (now - now_));
  now_ = now;
}

/// Progressive filling: the tightest link fixes the rate of its flows, is taken out with them, and so on.
void FlowNetwork::share() {
  const auto hosts = static_cast<std::size_t>(hosts_);
  std::vector<double> capacity(3 * hosts, bandwidth_);  // out, in, inside
  std::fill(capacity.begin() + static_cast<std::ptrdiff_t>(2 * hosts), capacity.end(), local_bandwidth_);
  std::vector<std::int64_t> load(3 * hosts, 0);
  const auto links = [&](const Flow& flow) -> std::pair<std::size_t, std::size_t> {
    const auto source = static_cast<std::size_t>(flow.source);
    const auto destination = static_cast<std::size_t>(flow.destination);
    if (source == destination) return {2 * hosts + source, 2 * hosts + source};
    return {source, hosts + destination};
  };
  std::vector<Flow*> open;
  for (auto& [id, flow] : flows_) {
    open.push_back(&flow);
    const auto [a, b] = links(flow);
    ++load[a];
    if (b != a) ++load[b];
  }
  while (!open.empty()) {
    double tightest = std::numeric_limits<double>::infinity();
    for (std::size_t link = 0; link < load.size(); ++link) {
      if (load[link] > 0) tightest = std::min(tightest, capacity[link] / static_cast<double>(load[link]));
    }
    std::vector<bool> full(load.size(), false);
    for (std::size_t link = 0; link < load.size(); ++link) {
      full[link] = load[link] > 0 && capacity[link] / static_cast<double>(load[link]) <= tightest * (1.0 + 1e-12);
    }
    std::vector<Flow*> still_open;
    for (Flow* flow : open) {
      const auto [a, b] = links(*flow);
      if (!full[a] && !full[b]) {
        still_open.push_back(flow);
        continue;
      }
      flow->rate = tightest;
      for (const std::size_t link : {a, b}) {
        capacity[link] -= tightest;
        --load[link];
        if (a == b) break;
      }
    }
    open.swap(still_open);
  }
}

}  // namespace sac
