#include "engine/train/rehearsal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/fabric/virtual/executor.h"
#include "tests/support/toy.h"

namespace sac::test {
namespace {

struct Case {
  const char* strategy;
  ValueMap options;
};

RunOutcome outcome_of(const Case& given, bool rehearsed) {
  ToyRun run;
  run.strategy = given.strategy;
  run.options = given.options;
  run.steps = 23;
  run.momentum = 0.9;
  run.network = {.latency_s = 1e-4, .bandwidth_Bps = 1e4, .local_bandwidth_Bps = 1e9};
  run.compute = {.model = "lognormal", .seconds_per_step = 0.01, .sigma = 0.5};
  MemorySink sink;
  return rehearsed ? run.rehearse(sink) : run.run(sink);
}

class Oblivious : public testing::TestWithParam<Case> {};

TEST_P(Oblivious, StrategiesTakeTheSameTimeAndBytesWithoutArithmetic) {
  const RunOutcome real = outcome_of(GetParam(), false);
  const RunOutcome idle = outcome_of(GetParam(), true);
  EXPECT_EQ(real.seconds, idle.seconds);
  ASSERT_EQ(real.workers.size(), idle.workers.size());
  for (std::size_t rank = 0; rank < real.workers.size(); ++rank) {
    const WorkerTotals& a = real.workers[rank];
    const WorkerTotals& b = idle.workers[rank];
    EXPECT_EQ(a.compute_s, b.compute_s);
    EXPECT_EQ(a.communication_s, b.communication_s);
    EXPECT_EQ(a.hidden_communication_s, b.hidden_communication_s);
    EXPECT_EQ(a.waiting_s, b.waiting_s);
    EXPECT_EQ(a.payload_bytes, b.payload_bytes);
    EXPECT_EQ(a.wire_bytes, b.wire_bytes);
    EXPECT_EQ(a.messages, b.messages);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Strategies, Oblivious,
    testing::Values(
        Case{"sync_sgd", {}}, Case{"sync_sgd", {{"overlap", true}, {"bucket_mib", 1e-5}}},
        Case{"local_sgd", {{"period", std::int64_t{4}}}},
        Case{"local_sgd", {{"period_schedule", std::string("linear")}, {"buffers", std::string("average")}}},
        Case{"local_sgd", {{"period_schedule", std::string("qsr")}}}, Case{"staged", {{"period", std::int64_t{5}}}},
        Case{"staged", {{"overlap", true}, {"staging", std::string("rotating")}, {"chunks", std::int64_t{3}}}},
        Case{"staged", {{"dual_sampling", std::int64_t{2}}}}, Case{"async_sgd", {}}));

TEST(Rehearsal, IsRefusedWhereLossesOrValuesDecide) {
  for (const char* schedule : {"adacomm", "divergence"}) {
    for (const char* strategy : {"local_sgd", "staged"}) {
      ToyRun run;
      run.strategy = strategy;
      run.options = {{"period_schedule", std::string(schedule)}};
      EXPECT_FALSE(can_rehearse(run.job())) << strategy << " " << schedule;
      run.options = {};
      EXPECT_TRUE(can_rehearse(run.job())) << strategy;
    }
  }
}

}  // namespace
}  // namespace sac::test
