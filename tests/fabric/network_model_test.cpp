#include "engine/fabric/virtual/network_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace sac {
namespace {

constexpr double kAlpha = 3e-4;
constexpr double kBandwidth = 2e6;

NetworkModel flat() {
  return NetworkModel(
      {.latency_s = kAlpha, .bandwidth_Bps = kBandwidth, .local_latency_s = 1e-6, .local_bandwidth_Bps = 1e9});
}

std::vector<int> ranks(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

double all_reduce_s(const NetworkModel& network, const char* algorithm, int p, std::int64_t bytes) {
  return network.cost(CollectiveKind::kAllReduce, algorithm, ranks(p), bytes).seconds;
}

TEST(Law13, AllReduceSecondsEqualTheClosedForms) {
  const NetworkModel network = flat();
  for (int p = 2; p <= 32; ++p) {
    for (const std::int64_t bytes : {0, 1, 1000, 999983}) {
      const double n = static_cast<double>(bytes) / kBandwidth;
      const double share = 2.0 * (p - 1) / p * n;
      EXPECT_NEAR(all_reduce_s(network, "ring", p, bytes), 2 * (p - 1) * kAlpha + share, 1e-12);
      EXPECT_NEAR(all_reduce_s(network, "tree", p, bytes), 2 * std::ceil(std::log2(p)) * (kAlpha + n), 1e-12);
      EXPECT_NEAR(all_reduce_s(network, "server", p, bytes), 2 * p * (kAlpha + n), 1e-12);
      if ((p & (p - 1)) == 0) {
        EXPECT_NEAR(all_reduce_s(network, "halving_doubling", p, bytes), 2 * std::log2(p) * kAlpha + share, 1e-12);
      }
    }
  }
}

TEST(Law13, WithoutLatencyTheRingsBusBandwidthIsTheLinks) {
  const NetworkModel network({.latency_s = 0.0, .bandwidth_Bps = kBandwidth, .local_bandwidth_Bps = 1e9});
  for (const int p : {2, 3, 8, 31}) {
    const double seconds = all_reduce_s(network, "ring", p, 1 << 20);
    EXPECT_NEAR((1 << 20) / seconds * 2 * (p - 1) / p, kBandwidth, 1e-3);
  }
}

TEST(NetworkModel, AutoIsTheCheapest) {
  const NetworkModel network = flat();
  for (const int p : {2, 5, 16}) {
    for (const std::int64_t bytes : {8, 4096, 1 << 24}) {
      const double best = all_reduce_s(network, "auto", p, bytes);
      for (const char* algorithm : {"ring", "tree", "halving_doubling"}) {
        EXPECT_LE(best, all_reduce_s(network, algorithm, p, bytes));
      }
    }
  }
}

TEST(NetworkModel, EveryAllReduceSendsTwiceTheVectorButOnce) {
  const NetworkModel network = flat();
  for (const char* algorithm : {"ring", "tree", "halving_doubling"}) {
    for (const int p : {2, 3, 7, 8}) {
      EXPECT_EQ(network.cost(CollectiveKind::kAllReduce, algorithm, ranks(p), 840).wire_bytes, 2 * (p - 1) * 840)
          << algorithm << " " << p;
    }
  }
}

TEST(NetworkModel, OneRankPaysNothing) { EXPECT_EQ(all_reduce_s(flat(), "ring", 1, 1000), 0.0); }

TEST(NetworkModel, OneHostUsesItsOwnLinks) {
  const NetworkModel network({.latency_s = 1.0,
                              .bandwidth_Bps = 1.0,
                              .workers_per_host = 4,
                              .local_latency_s = 0.5,
                              .local_bandwidth_Bps = 100.0});
  EXPECT_NEAR(all_reduce_s(network, "ring", 4, 200), 2 * 3 * 0.5 + 2 * 0.75 * 2.0, 1e-12);
}

TEST(NetworkModel, HierarchyIsARingInsideAndARingBetween) {
  const NetworkModel network({.latency_s = 1.0,
                              .bandwidth_Bps = 10.0,
                              .workers_per_host = 4,
                              .local_latency_s = 0.5,
                              .local_bandwidth_Bps = 100.0});
  const double inside = 2 * 3 * 0.5 + 2 * 0.75 * 2.0;
  const double between = 2 * 1 * 1.0 + 2 * 0.5 * 20.0;
  EXPECT_NEAR(all_reduce_s(network, "hierarchical", 8, 200), inside + between, 1e-12);
  EXPECT_LE(all_reduce_s(network, "auto", 8, 200), inside + between);
}

}  // namespace
}  // namespace sac
