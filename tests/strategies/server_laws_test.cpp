#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/core/error.h"
#include "tests/support/strategy_runs.h"

namespace sac::test {
namespace {

TEST(Law5, SspWithoutSlackIsSyncSgdWithAnyTimes) {
  ToyRun ssp = with("ssp", {{"staleness", n(0)}, {"gradient_weight", word("share")}});
  ssp.compute.model = "pareto";
  EXPECT_LT(apart(ssp, with("sync_sgd")), kRounding);
  ssp.server.shards = 3;
  EXPECT_LT(apart(ssp, with("sync_sgd")), kRounding);
}

TEST(Law5, SspWithoutBoundIsAsyncSgd) {
  ToyRun ssp = with("ssp", {{"staleness", n(1000000)}});
  ToyRun async = with("async_sgd");
  ssp.compute.model = async.compute.model = "pareto";
  EXPECT_EQ(ssp.run().params_sha256, async.run().params_sha256);
}

TEST(Law5, TheClockGapIsNeverAboveTheBound) {
  for (const std::int64_t bound : {0, 1, 3}) {
    ToyRun run = with("ssp", {{"staleness", bound}});
    run.compute.speeds = {1.0, 0.2, 1.0, 4.0};
    run.steps = 60;
    const RunOutcome outcome = run.run();
    // A gradient is late by what the others have pushed since its worker read: at most s + 1 each ahead of it, and
    // as many behind.
    for (const auto& [staleness, number] : outcome.staleness) EXPECT_LE(staleness, 3 * (2 * bound + 1)) << bound;
    EXPECT_GT(outcome.workers[3].waiting_s, 0.5 * outcome.seconds) << bound;
  }
}

TEST(Law5, DelayCompensationOfStrengthZeroIsAsyncSgd) {
  for (const char* remedy : {"delay_compensation", "adaptive_delay_compensation"}) {
    EXPECT_EQ(with("async_sgd", {{"stale_remedy", word(remedy)}, {"stale_lambda", 0.0}}).run().params_sha256,
              with("async_sgd").run().params_sha256);
    EXPECT_NE(with("async_sgd", {{"stale_remedy", word(remedy)}}).run().params_sha256,
              with("async_sgd").run().params_sha256);
  }
}

TEST(Law5, AllGradientsOfAStepAreSyncSgd) {
  for (const char* name : {"k_sync", "k_async"}) {
    ToyRun run = with(name);
    ToyRun sync = with("sync_sgd");
    run.momentum = sync.momentum = 0.9;
    EXPECT_LT(apart(run, sync), kRounding) << name << ": equal times, so the first K gradients are one of each";
  }
}

TEST(StaleGradients, EveryRemedyGoesWithEveryServerStrategy) {
  for (const auto& [name, entry] : Registry<StrategyEntry>::instance().entries()) {
    const auto takes = std::any_of(entry.options.begin(), entry.options.end(),
                                   [](const OptionSpec& option) { return option.name == "stale_remedy"; });
    for (const char* remedy : {"scale", "delay_compensation", "adaptive_delay_compensation", "gap_aware"}) {
      if (!takes) continue;
      ToyRun run = with(name, {{"stale_remedy", word(remedy)}, {"stale_drop", n(4)}, {"codec", word("qsgd")}});
      run.compute.model = "pareto";
      run.server.shards = 2;
      run.slots = 1;
      const RunOutcome one = run.run();
      run.slots = 3;
      EXPECT_EQ(one.params_sha256, run.run().params_sha256) << name << " " << remedy;
      EXPECT_TRUE(std::isfinite(*one.loss)) << name << " " << remedy;
    }
  }
}

TEST(StaleGradients, AllDroppedIsNoTrainingAndScalingShortens) {
  ToyRun drop = with("async_sgd", {{"stale_drop", n(0)}});
  drop.steps = 1;  // the first gradient is fresh, the three behind it are late
  ToyRun first = with("async_sgd");
  first.steps = 1;
  first.workers = 1;
  at::Tensor start = at::empty({19}, at::TensorOptions(at::kDouble));
  ToyModel(drop.layers).initialise(start, {}, drop.seed);
  const auto dropped = trace(drop);
  const auto kept = trace(with("async_sgd", {{"stale_remedy", word("scale")}}));
  EXPECT_EQ(distance(dropped[0][0], dropped[3][0]), 0.0) << "only one gradient moved the model";
  EXPECT_GT(distance(dropped[0][0], start), 0.0);
  EXPECT_GT(distance(kept[0][11], start), 0.0);
}

TEST(Accumulate, TwoGradientsAreOneChange) {
  ToyRun run = with("async_sgd", {{"accumulate", n(2)}});
  run.workers = 1;
  run.steps = 8;
  const auto path = trace(run);
  for (const std::size_t step : {1, 3, 5}) {
    EXPECT_EQ(distance(path[0][step], path[0][step + 1]), 0.0) << "the first of two gradients changes nothing";
    EXPECT_GT(distance(path[0][step], path[0][step - 1]), 0.0);
  }
  ToyRun big = with("sync_sgd");  // one batch of 2 B at the same model
  big.workers = 2;
  big.steps = 1;
  EXPECT_LT(distance(path[0][1], trace(big)[0][0]), kRounding);
}

TEST(KSync, MoreGradientsThanWorkersAreRefused) {
  EXPECT_THROW(with("k_sync", {{"gradients", n(5)}}).run(), ConfigError);
  EXPECT_THROW(with("k_async", {{"gradients", n(5)}}).run(), ConfigError);
  EXPECT_NO_THROW(with("k_batch_async", {{"gradients", n(5)}}).run());
}

}  // namespace
}  // namespace sac::test
