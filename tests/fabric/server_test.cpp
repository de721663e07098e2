#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <numeric>

#include "engine/fabric/virtual/writes_under_way.h"
#include "tests/support/toy.h"

namespace sac::test {
namespace {

ToyRun async(std::int64_t workers, std::int64_t steps) {
  ToyRun run;
  run.strategy = "async_sgd";
  run.workers = workers;
  run.steps = steps;
  run.layers = {2};
  run.batch = 1;
  run.lr = 1e-3;
  run.log_every = 1000000;
  return run;
}

std::int64_t updates(const RunOutcome& outcome) {
  std::int64_t count = 0;
  for (const auto& [staleness, number] : outcome.staleness) count += number;
  return count;
}

double mean_staleness(const RunOutcome& outcome) {
  double sum = 0.0;
  for (const auto& [staleness, number] : outcome.staleness) sum += static_cast<double>(staleness * number);
  return sum / static_cast<double>(updates(outcome));
}

TEST(Law11, EqualTimesGiveAlwaysOneLessThanTheWorkers) {
  const std::int64_t workers = 5;
  const RunOutcome outcome = async(workers, 40).run();
  EXPECT_EQ(updates(outcome), workers * 40);
  for (const auto& [staleness, number] : outcome.staleness) {
    if (staleness == workers - 1) continue;
    EXPECT_EQ(number, 1) << "only the first round may be fresher: " << staleness;
  }
}

TEST(Law11, TheMeanIsOneLessThanTheWorkersForAnyTimes) {
  for (const char* model : {"lognormal", "shifted_exponential", "pareto"}) {
    ToyRun run = async(6, 2000);
    run.compute.model = model;
    run.network.latency_s = 0.0;
    run.network.bandwidth_Bps = 1e12;
    const RunOutcome outcome = run.run();
    // Every update is counted by the M - 1 others in flight; only the run's end falls short, where workers finish one
    // by one: some sqrt(steps) of them.
    EXPECT_NEAR(mean_staleness(outcome), 5.0, 0.07) << model;
  }
}

TEST(Law11, ExponentialTimesGiveAGeometricLaw) {
  ToyRun run = async(4, 3000);
  run.compute.model = "shifted_exponential";  // shift 0: exponential
  run.network.latency_s = 0.0;
  run.network.bandwidth_Bps = 1e12;
  const RunOutcome outcome = run.run();
  const auto count = static_cast<double>(updates(outcome));
  for (std::int64_t j = 0; j < 6; ++j) {
    const double expected = 0.25 * std::pow(0.75, static_cast<double>(j));
    const auto found = outcome.staleness.find(j);
    ASSERT_NE(found, outcome.staleness.end());
    EXPECT_NEAR(static_cast<double>(found->second) / count, expected, 4.0 * std::sqrt(expected / count)) << j;
  }
}

TEST(Server, RoundTripIsChargedOnceAndInBothDirections) {
  ToyRun run = async(1, 5);
  const RunOutcome outcome = run.run();
  const double message = 1e-3 + 16 / 1e5;
  EXPECT_NEAR(outcome.seconds, 5 * (0.01 + 2 * message), 1e-12);
  EXPECT_EQ(outcome.workers[0].payload_bytes, 5 * 16);
  EXPECT_EQ(outcome.workers[0].wire_bytes, 5 * 32);
  EXPECT_EQ(outcome.workers[0].messages, 10);
}

TEST(Server, IncastIsFelt) {
  ToyRun run = async(8, 1);
  run.layers = {1000};
  const double transfer = 8000 / 1e5;
  // Eight pushes share the server's link in, eight answers its link out.
  EXPECT_NEAR(run.run().seconds, 0.01 + 2 * (1e-3 + 8 * transfer), 1e-9);
}

TEST(Server, ShardsShareTheLoad) {
  ToyRun run = async(8, 1);
  run.layers = {1000};
  run.server.shards = 4;
  EXPECT_NEAR(run.run().seconds, 0.01 + 2 * (1e-3 + 8 * 8000 / 1e5 / 8), 0.5);
  ToyRun one = run;
  one.server.shards = 1;
  EXPECT_LT(run.run().seconds, one.run().seconds);
  EXPECT_EQ(updates(run.run()), 8);
}

TEST(Server, QueueingIsWaiting) {
  ToyRun run = async(3, 1);
  run.server.service_s = 1.0;
  const RunOutcome outcome = run.run();
  std::vector<double> waited;
  for (const WorkerTotals& worker : outcome.workers) waited.push_back(worker.waiting_s);
  EXPECT_NEAR(waited[0], 0.0, 1e-9);
  EXPECT_NEAR(waited[1], 1.0, 1e-9);
  EXPECT_NEAR(waited[2], 2.0, 1e-9);
}

TEST(Server, WithoutALockNobodyQueues) {
  ToyRun run = async(3, 1);
  run.server = {.service_s = 1.0, .locks = false};
  const RunOutcome outcome = run.run();
  for (const WorkerTotals& worker : outcome.workers) EXPECT_NEAR(worker.waiting_s, 0.0, 1e-9);
  ToyRun locked = run;
  locked.server.locks = true;
  EXPECT_NEAR(locked.run().seconds - outcome.seconds, 2.0, 1e-2);
}

TEST(Server, WithoutALockAndWithoutServiceItIsTheSameRun) {
  ToyRun run = async(4, 20);
  run.compute.model = "lognormal";
  ToyRun free = run;
  free.server.locks = false;
  EXPECT_EQ(run.run().params_sha256, free.run().params_sha256);
  run.server.service_s = free.server.service_s = 0.02;
  EXPECT_NE(run.run().params_sha256, free.run().params_sha256);
}

TEST(WritesUnderWay, AreSeenElementByElement) {
  const at::Tensor before = at::arange(1, 5, at::kDouble);
  const at::Tensor after = before + 10.0;
  WritesUnderWay writes;
  writes.add(2.0, 6.0, before, after);
  for (const auto& [now, seen] : {std::pair{2.0, 0}, {4.0, 2}, {5.5, 3}, {6.0, 4}, {9.0, 4}}) {
    const at::Tensor copy = after.clone();
    writes.hide(now, copy);
    EXPECT_TRUE(at::equal(copy, at::cat({after.slice(0, 0, seen), before.slice(0, seen)}))) << now;
  }
}

}  // namespace
}  // namespace sac::test
