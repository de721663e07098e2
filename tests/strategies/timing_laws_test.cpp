#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/toy.h"

namespace sac::test {
namespace {

constexpr double kMean = 0.01;  ///< seconds a gradient

std::int64_t n(std::int64_t value) { return value; }

std::int64_t taken_in(const RunOutcome& outcome) {
  std::int64_t count = 0;
  for (const auto& [staleness, number] : outcome.staleness) count += number;
  return count;
}

/// Messages cost nothing, so that time is computation alone.
ToyRun timed(const std::string& strategy, ValueMap options, const std::string& model, std::int64_t steps) {
  ToyRun run;
  run.strategy = strategy;
  run.options = std::move(options);
  run.layers = {1};
  run.batch = 1;
  run.workers = 8;
  run.steps = steps;
  run.lr = 1e-3;
  run.log_every = 1000000;
  run.network.latency_s = 0.0;
  run.network.bandwidth_Bps = 1e15;
  run.compute = {.model = model, .seconds_per_step = kMean, .shift_s = model == "shifted_exponential" ? 0.004 : 0.0};
  if (model == "exponential") run.compute.model = "shifted_exponential";
  return run;
}

/// E[k-th smallest of P] of the models that `timed` knows.
double order_statistic(const std::string& model, int k, int workers) {
  double harmonic = 0.0;
  for (int i = workers - k + 1; i <= workers; ++i) harmonic += 1.0 / i;
  if (model == "exponential") return kMean * harmonic;
  if (model == "shifted_exponential") return 0.004 + (kMean - 0.004) * harmonic;
  const double shape = ComputeConfig{}.shape;
  const double least = kMean * (shape - 1.0) / shape;
  return least * std::exp(std::lgamma(workers + 1) + std::lgamma(workers - k + 1 - 1 / shape) -
                          std::lgamma(workers - k + 1) - std::lgamma(workers + 1 - 1 / shape));
}

TEST(Law12, TimesAChangeFollowTheOrderStatistics) {
  constexpr std::int64_t kSteps = 4000;
  for (const char* model : {"exponential", "shifted_exponential", "pareto"}) {
    for (const std::int64_t first : {1, 3, 8}) {
      const RunOutcome outcome = timed("k_sync", {{"gradients", first}}, model, kSteps).run();
      const double expected = order_statistic(model, static_cast<int>(first), 8);
      EXPECT_NEAR(outcome.seconds / kSteps / expected, 1.0, 0.05) << model << " n = " << first;
      EXPECT_EQ(taken_in(outcome), first * kSteps);
    }
  }
}

TEST(Law12, KAsyncTakesTheOrderStatisticOfExponentialTimes) {
  constexpr std::int64_t kSteps = 3000;
  for (const std::int64_t first : {1, 3, 8}) {
    const RunOutcome outcome = timed("k_async", {{"gradients", first}}, "exponential", kSteps).run();
    const double changes = static_cast<double>(taken_in(outcome)) / static_cast<double>(first);
    EXPECT_NEAR(outcome.seconds / changes / order_statistic("exponential", static_cast<int>(first), 8), 1.0, 0.05)
        << first;
  }
}

TEST(Law12, WhoeverMadeThemComesEveryMeanOverWorkers) {
  constexpr std::int64_t kSteps = 3000;
  for (const char* model : {"exponential", "shifted_exponential", "pareto"}) {
    const RunOutcome async = timed("async_sgd", {}, model, kSteps).run();
    EXPECT_NEAR(async.seconds / static_cast<double>(taken_in(async)) / (kMean / 8), 1.0, 0.05) << model;
    const RunOutcome batch = timed("k_batch_async", {{"gradients", n(4)}}, model, kSteps).run();
    EXPECT_NEAR(batch.seconds / static_cast<double>(taken_in(batch)) / (kMean / 8), 1.0, 0.05) << model;
  }
  const RunOutcome sync = timed("k_batch_sync", {{"gradients", n(4)}}, "exponential", kSteps).run();
  EXPECT_NEAR(sync.seconds / static_cast<double>(taken_in(sync)) / (kMean / 8), 1.0, 0.05);
}

TEST(KSync, GradientsMayGrowWithTheSteps) {
  const ValueMap options{{"gradients", n(1)}, {"gradients_schedule", std::string("linear")}, {"gradients_growth", 0.5}};
  const std::int64_t expected = 1 + 1 + 2 + 2 + 3 + 3 + 4 + 4 + 5 + 5 + 6 + 6;  // of 8
  EXPECT_EQ(taken_in(timed("k_sync", options, "pareto", 12).run()), expected);
}

}  // namespace
}  // namespace sac::test
