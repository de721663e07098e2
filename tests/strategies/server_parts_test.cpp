#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/train/gradient_count.h"
#include "engine/train/staleness_weight.h"
#include "engine/train/worker_clocks.h"
#include "tests/support/strategy_runs.h"

namespace sac::test {
namespace {

GradientCount count_of(ValueMap options, int workers) {
  GradientCount count(Options(GradientCount::options(), options, "strategy 'k_sync'", "strategy."), "k_sync");
  count.prepare(workers);
  return count;
}

TEST(GradientCount, AdaSyncGrowsWithTheRootOfTheLostLoss) {
  GradientCount count = count_of({{"gradients", n(2)},
                                  {"gradients_schedule", word("adasync")},
                                  {"gradients_window", n(2)},
                                  {"gradients_max", n(9)}},
                                 4);
  const auto window_of = [&](double loss) {
    for (int change = 0; change < 2; ++change) {
      count.taken(0.5 * loss);
      count.taken(1.5 * loss);
      count.changed();
    }
    return count.needed();
  };
  EXPECT_EQ(count.needed(), 2);
  EXPECT_EQ(window_of(8.0), 2);  // F_0
  EXPECT_EQ(window_of(2.0), 4);  // 2 sqrt(4)
  EXPECT_EQ(window_of(1.9), 5);  // 2 sqrt(4.2), rounded up
  EXPECT_EQ(window_of(0.1), 9);  // gradients_max
  EXPECT_EQ(window_of(100.0), 2) << "never below the n it began with";
  EXPECT_EQ(window_of(NAN), 2) << "a loss that is no number changes nothing";
}

TEST(GradientCount, ChangesItsMindOnlyAtTheEndOfAWindow) {
  GradientCount count =
      count_of({{"gradients", n(1)}, {"gradients_schedule", word("adasync")}, {"gradients_window", n(3)}}, 8);
  for (const double loss : {4.0, 4.0, 4.0, 1.0, 1.0}) {
    count.taken(loss);
    count.changed();
    EXPECT_EQ(count.needed(), 1);
  }
  count.taken(1.0);
  count.changed();
  EXPECT_EQ(count.needed(), 2);
}

TEST(GradientCount, AScheduleNeedsAStart) {
  EXPECT_THROW(count_of({{"gradients_schedule", word("adasync")}}, 4), ConfigError);
  EXPECT_THROW(count_of({{"gradients_schedule", word("linear")}}, 4), ConfigError);
  EXPECT_EQ(count_of({}, 4).needed(), 4);
}

TEST(StalenessWeight, HasTheThreeFormsOfThePaper) {
  const auto weight = [](ValueMap options) {
    return StalenessWeight(Options(StalenessWeight::options("constant"), options, "strategy", "strategy."));
  };
  EXPECT_EQ(weight({}).of(100), 1.0);
  EXPECT_DOUBLE_EQ(weight({{"stale_weight", word("polynomial")}, {"stale_a", 0.5}}).of(3), 0.5);
  const StalenessWeight hinge = weight({{"stale_weight", word("hinge")}, {"stale_a", 10.0}, {"stale_b", n(4)}});
  EXPECT_EQ(hinge.of(4), 1.0);
  EXPECT_DOUBLE_EQ(hinge.of(6), 1.0 / 21.0);
}

TEST(WorkerClocks, AFixedBoundHoldsTheFastestBack) {
  WorkerClocks clocks({.least = 1, .most = 1}, 2);
  clocks.pushed(0, 1.0);
  EXPECT_TRUE(clocks.may_read(0));
  clocks.pushed(0, 2.0);
  EXPECT_FALSE(clocks.may_read(0));
  clocks.pushed(1, 2.5);
  EXPECT_TRUE(clocks.may_read(0));
  clocks.pushed(0, 3.0);
  clocks.set_present(1, false);
  EXPECT_TRUE(clocks.may_read(0)) << "who is away holds nobody back";
}

TEST(WorkerClocks, AMovingBoundEndsTheRunAheadWhereTheSlowestPushes) {
  WorkerClocks clocks({.least = 0, .most = 8}, 2);
  const auto push = [&](int worker, double seconds) {
    clocks.pushed(worker, seconds);
    if (clocks.may_read(worker)) clocks.read(worker);
  };
  push(1, 0.0);
  push(1, 10.0);  // the slow one pushes at 0, 10, 20, ...
  push(0, 14.0);
  push(0, 15.0);  // the fast one every second
  EXPECT_TRUE(clocks.may_read(0));
  push(0, 16.0);  // ahead by one: 4 more end at 20, just when the slow one pushes
  for (const double seconds : {17.0, 18.0, 19.0}) {
    EXPECT_TRUE(clocks.may_read(0)) << seconds;
    push(0, seconds);
  }
  EXPECT_TRUE(clocks.may_read(0)) << "the fourth";
  push(0, 20.0);
  EXPECT_FALSE(clocks.may_read(0)) << "a fifth would only wait";
}

TEST(Dssp, TheFastestWaitsLessThanUnderItsLeastBoundAndIsHeldByItsLargest) {
  const auto run = [](const std::string& strategy, ValueMap options) {
    ToyRun toy;
    toy.strategy = strategy;
    toy.options = std::move(options);
    toy.compute.speeds = {1.0, 1.0, 1.0, 3.5};
    toy.network.latency_s = 1e-5;
    toy.network.bandwidth_Bps = 1e9;
    toy.steps = 80;
    toy.lr = 0.01;
    return toy.run();
  };
  const RunOutcome least = run("ssp", {{"staleness", n(1)}});
  const RunOutcome moving = run("dssp", {{"staleness_min", n(1)}, {"staleness_max", n(12)}});
  const RunOutcome most = run("ssp", {{"staleness", n(12)}});
  const auto latest = [](const RunOutcome& outcome) { return outcome.staleness.rbegin()->first; };
  EXPECT_LT(moving.workers[3].waiting_s, least.workers[3].waiting_s);
  EXPECT_LE(latest(moving), latest(most));
  EXPECT_EQ(run("dssp", {{"staleness_min", n(3)}, {"staleness_max", n(3)}}).params_sha256,
            run("ssp", {{"staleness", n(3)}}).params_sha256);
  EXPECT_THROW(run("dssp", {{"staleness_min", n(3)}, {"staleness_max", n(2)}}), ConfigError);
}

TEST(AdaSync, KSyncTakesMoreGradientsAsTheLossFalls) {
  ToyRun run;
  run.strategy = "k_sync";
  run.options = {{"gradients", n(1)}, {"gradients_schedule", word("adasync")}, {"gradients_window", n(5)}};
  run.workers = 8;
  run.compute.model = "pareto";
  run.steps = 200;
  run.lr = 0.02;
  const auto taken = [&] {
    std::int64_t count = 0;
    for (const auto& [staleness, number] : run.run().staleness) count += number;
    return count;
  };
  const std::int64_t adaptive = taken();
  run.options["gradients_schedule"] = word("constant");
  EXPECT_GT(adaptive, taken());
  EXPECT_LE(adaptive, 8 * run.steps);
}

TEST(AsuP, PrivateLayersStayWithTheirWorkers) {
  ToyRun run;
  run.strategy = "asu_p";
  run.options = {{"private_layers", word("layer1, layer3")}};
  run.lr = 0.01;
  const auto path = trace(run);
  const auto apart = [&](std::int64_t begin, std::int64_t size) {
    return distance(path[0][5].narrow(0, begin, size), path[1][5].narrow(0, begin, size));
  };
  EXPECT_GT(apart(6, 3), 1e-4);
  EXPECT_GT(apart(17, 2), 1e-4);
  EXPECT_EQ(run.run().workers[0].payload_bytes, 12 * 14 * 8) << "layers of 6 and 8 elements travel";
  run.options["private_layers"] = word("layer7");
  EXPECT_THROW(run.run(), ConfigError);
  run.options["private_layers"] = word("layer0,layer1,layer2,layer3");
  EXPECT_THROW(run.run(), ConfigError);
}

}  // namespace
}  // namespace sac::test
