#include "engine/fabric/virtual/flow_network.h"

#include <gtest/gtest.h>

namespace sac {
namespace {

FlowNetwork network(int hosts) {
  return FlowNetwork({.latency_s = 0.1, .bandwidth_Bps = 100.0, .local_latency_s = 0.0, .local_bandwidth_Bps = 1000.0},
                     hosts);
}

TEST(FlowNetwork, AloneAFlowHasTheWholeLink) {
  FlowNetwork flows = network(2);
  flows.start(1, 0, 1, 50, 2.0);
  EXPECT_DOUBLE_EQ(flows.next_completion(), 2.5);
  EXPECT_EQ(flows.advance(2.5), std::vector<std::int64_t>{1});
}

TEST(FlowNetwork, IncastSharesTheReceiversLink) {
  FlowNetwork flows = network(5);
  for (int source = 0; source < 4; ++source) flows.start(source, source, 4, 100, 0.0);
  EXPECT_DOUBLE_EQ(flows.next_completion(), 4.0);
  EXPECT_EQ(flows.advance(4.0).size(), 4U);
}

TEST(FlowNetwork, BandwidthLeftOverGoesToWhoCanUseIt) {
  // Host 0 sends to 1 and 2; hosts 3 and 4 send to 1 as well. Link into 1 carries three flows at 100/3; 0's other flow
  // takes what is left of 0's link: 200/3.
  FlowNetwork flows = network(5);
  flows.start(1, 0, 1, 100, 0.0);
  flows.start(2, 0, 2, 100, 0.0);
  flows.start(3, 3, 1, 100, 0.0);
  flows.start(4, 4, 1, 100, 0.0);
  EXPECT_NEAR(flows.next_completion(), 1.5, 1e-12);
  EXPECT_EQ(flows.advance(1.5), std::vector<std::int64_t>{2});
  EXPECT_NEAR(flows.next_completion(), 3.0, 1e-12);
}

TEST(FlowNetwork, AFlowThatLeavesSpeedsTheOthersUp) {
  FlowNetwork flows = network(3);
  flows.start(1, 0, 2, 50, 0.0);
  flows.start(2, 1, 2, 100, 0.0);
  EXPECT_EQ(flows.advance(flows.next_completion()), std::vector<std::int64_t>{1});  // at 1 s
  EXPECT_NEAR(flows.next_completion(), 1.5, 1e-12);
}

TEST(FlowNetwork, OppositeDirectionsDoNotMeet) {
  FlowNetwork flows = network(2);
  flows.start(1, 0, 1, 100, 0.0);
  flows.start(2, 1, 0, 100, 0.0);
  EXPECT_DOUBLE_EQ(flows.next_completion(), 1.0);
}

TEST(FlowNetwork, EveryFlowEndsHoweverManyAndWheneverTheyStart) {
  FlowNetwork flows = network(20);
  RandomStream stream(1, 0, Purpose::kStrategy);
  std::int64_t ended = 0;
  double now = 1e5;  // far from zero, where a clock is coarse
  for (std::int64_t id = 0; id < 500; ++id) {
    const auto from = static_cast<int>(stream.below(20));
    flows.start(id, from, static_cast<int>(stream.below(20)), static_cast<std::int64_t>(stream.below(1000)), now);
    if (id % 3 == 0) {
      now = flows.next_completion();
      const auto now_ended = flows.advance(now);
      EXPECT_FALSE(now_ended.empty());
      ended += static_cast<std::int64_t>(now_ended.size());
    }
  }
  for (int guard = 0; guard < 1000 && ended < 500; ++guard) {
    now = flows.next_completion();
    ended += static_cast<std::int64_t>(flows.advance(now).size());
  }
  EXPECT_EQ(ended, 500);
}

}  // namespace
}  // namespace sac
