#include <gtest/gtest.h>

#include "experiments/timing_laws.h"
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

TEST(Laws11And12, HoldOverATenthOfAMillionGradients) {
  constexpr std::int64_t kGradients = 100000;
  for (const char* name : {"async_sgd", "k_sync", "k_batch_sync", "k_async", "k_batch_async"}) {
    const std::vector<LawVerdict> verdicts = timing_laws(name, kGradients);
    EXPECT_GE(verdicts.size(), 3U) << name;
    for (const LawVerdict& verdict : verdicts)
      EXPECT_TRUE(verdict.holds) << name << ": " << verdict.law << ": " << verdict.figures;
  }
}

TEST(KSync, GradientsMayGrowWithTheSteps) {
  const ValueMap options{{"gradients", n(1)}, {"gradients_schedule", std::string("linear")}, {"gradients_growth", 0.5}};
  const std::int64_t expected = 1 + 1 + 2 + 2 + 3 + 3 + 4 + 4 + 5 + 5 + 6 + 6;  // of 8
  EXPECT_EQ(taken_in(timed("k_sync", options, "pareto", 12).run()), expected);
}

}  // namespace
}  // namespace sac::test
