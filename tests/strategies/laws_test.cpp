#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/support/strategy_runs.h"

namespace sac::test {
namespace {

/// Largest distance over all steps between the mean models of two runs.
double means_apart(const ToyRun& a, const ToyRun& b) {
  const auto left = trace(a);
  const auto right = trace(b);
  double worst = 0.0;
  for (std::size_t step = 0; step < left[0].size(); ++step) {
    worst = std::max(worst, distance(mean_at(left, step), mean_at(right, step)));
  }
  return worst;
}

TEST(Law1, KWorkersWithBatchBAreOneWorkerWithBatchKB) {
  for (const double momentum : {0.0, 0.9}) {
    for (const std::int64_t workers : {2, 3, 4, 8}) {
      ToyRun many = with("sync_sgd");
      many.workers = workers;
      many.momentum = momentum;
      ToyRun one = many;
      one.workers = 1;
      one.batch = many.batch * workers;
      EXPECT_LT(means_apart(many, one), kRounding) << workers << " workers, momentum " << momentum;
    }
  }
}

TEST(Law1, OneWorkerOfEveryStrategyIsSerialSgd) {
  ToyRun serial = with("sync_sgd");
  serial.workers = 1;
  for (const std::string& name : Registry<StrategyEntry>::instance().names()) {
    ToyRun run = with(name);
    run.workers = 1;
    if (!run.job().strategy()->traits().serial_alone) continue;
    EXPECT_LT(means_apart(run, serial), kRounding) << name;
  }
}

TEST(Law2, LocalSgdWithPeriodOneIsSyncSgd) {
  for (const double momentum : {0.0, 0.9}) {
    for (const char* buffers : {"keep", "average"}) {
      ToyRun local = with("local_sgd", {{"period", n(1)}, {"buffers", std::string(buffers)}});
      ToyRun sync = with("sync_sgd");
      local.momentum = sync.momentum = momentum;
      EXPECT_LT(means_apart(local, sync), kRounding) << momentum << " " << buffers;
    }
  }
}

TEST(Law2, PeriodTwoLeavesWorkersApartBetweenAverages) {
  const auto local = trace(with("local_sgd", {{"period", n(2)}}));
  EXPECT_GT(distance(local[0][0], local[1][0]), 1e-3);
  EXPECT_EQ(distance(local[0][1], local[1][1]), 0.0);
}

TEST(Law10, AveragingNeverMovesTheMean) {
  // The gradient is linear in x, so the mean of local SGD follows the mean of workers that never average.
  EXPECT_LT(means_apart(with("local_sgd", {{"period", n(3)}}), with("local_sgd", {{"period", n(1000)}})), kRounding);
}

TEST(Law10, OneGradientOfABatchIsTheMeanOfItsParts) {
  ToyRun whole = with("sync_sgd");
  whole.workers = 1;
  whole.batch = 12;
  ToyRun parts = with("staged", {{"fraction", 0.0}, {"dual_sampling", n(4)}, {"period", n(1000)}});
  parts.workers = 4;
  parts.batch = 12;
  EXPECT_LT(means_apart(parts, whole), kRounding);
}

TEST(Staged, FractionOneIsSyncSgd) {
  EXPECT_LT(means_apart(with("staged", {{"fraction", 1.0}}), with("sync_sgd")), kRounding);
}

TEST(Staged, PeriodOneIsSyncSgd) {
  for (const double fraction : {0.0, 0.3, 0.5}) {
    ToyRun staged = with("staged", {{"fraction", fraction}, {"period", n(1)}});
    ToyRun sync = with("sync_sgd");
    staged.momentum = sync.momentum = 0.9;
    EXPECT_LT(means_apart(staged, sync), kRounding) << fraction;
  }
}

TEST(Staged, FractionZeroIsLocalSgd) {
  for (const std::int64_t period : {2, 3, 5}) {
    EXPECT_LT(
        means_apart(with("staged", {{"fraction", 0.0}, {"period", period}}), with("local_sgd", {{"period", period}})),
        kRounding);
  }
}

TEST(Staged, SynchronisedHalfIsEqualEverywhereTheOtherOnlyAtStageEnds) {
  const auto staged = trace(with("staged", {{"period", n(4)}}));  // front half of {6, 3, 8, 2}: 9 of 19
  for (std::size_t step = 0; step < staged[0].size(); ++step) {
    for (std::size_t k = 1; k < staged.size(); ++k) {
      EXPECT_EQ(distance(staged[0][step].narrow(0, 0, 9), staged[k][step].narrow(0, 0, 9)), 0.0);
      const double rest = distance(staged[0][step].narrow(0, 9, 10), staged[k][step].narrow(0, 9, 10));
      EXPECT_EQ(rest == 0.0, (step + 1) % 4 == 0) << "step " << step;
    }
  }
}

TEST(Staged, BucketsNeverChangeTheIterates) {
  for (const std::int64_t chunks : {2, 3, 7, 40}) {
    EXPECT_EQ(means_apart(with("staged", {{"chunks", chunks}}), with("staged")), 0.0) << chunks;
  }
}

TEST(Staged, MeanVolumeIsFractionPlusRestOverPeriod) {
  for (const char* staging : {"bucketed", "rotating"}) {
    for (const std::int64_t chunks : {1, 3, 6, 9}) {
      ToyRun run = with("staged", {{"period", n(6)}, {"staging", std::string(staging)}, {"chunks", chunks}});
      run.steps = 24;
      const RunOutcome outcome = run.run();
      const double a_step = static_cast<double>(outcome.workers[0].payload_bytes) / 24.0 / 8.0;
      EXPECT_NEAR(a_step, 9.0 + 10.0 / 6.0, kRounding) << staging << " " << chunks;
    }
  }
}

TEST(Staged, RotatingWithAsManyChunksAsStepsAveragesOneChunkAStep) {
  const auto staged = trace(
      with("staged", {{"fraction", 0.0}, {"period", n(19)}, {"chunks", n(19)}, {"staging", std::string("rotating")}}));
  for (std::int64_t step = 0; step < 12; ++step) {
    const auto difference =
        (staged[0][static_cast<std::size_t>(step)] - staged[1][static_cast<std::size_t>(step)]).abs();
    for (std::int64_t element = 0; element < 19; ++element) {
      EXPECT_EQ(difference[element].item<double>() == 0.0, element == step)
          << "element " << element << " step " << step;
    }
  }
}

TEST(Staged, SwapSynchronisesBothHalvesInTurn) {
  const auto staged = trace(with("staged", {{"period", n(3)}, {"swap", true}}));
  const auto equal = [&](std::size_t step, std::int64_t begin, std::int64_t size) {
    return distance(staged[0][step].narrow(0, begin, size), staged[3][step].narrow(0, begin, size)) == 0.0;
  };
  EXPECT_TRUE(equal(0, 0, 9));
  EXPECT_FALSE(equal(0, 9, 10));
  EXPECT_TRUE(equal(2, 0, 19));
  EXPECT_FALSE(equal(3, 0, 9));
  EXPECT_TRUE(equal(3, 9, 10));
  EXPECT_TRUE(equal(6, 0, 9));
}

TEST(Staged, DualSamplingIsFewerWorkersThatShare) {
  ToyRun shared = with("staged", {{"dual_sampling", n(2)}, {"period", n(4)}});
  shared.workers = 6;
  shared.batch = 4;
  ToyRun plain = with("staged", {{"period", n(4)}});
  plain.workers = 3;
  plain.batch = 4;
  EXPECT_LT(means_apart(shared, plain), kRounding);
}

TEST(Staged, OnAServerWithoutSlackItIsSyncSgd) {
  for (const char* split : {"front", "interleaved"}) {
    for (const double fraction : {0.0, 0.5, 1.0}) {
      ToyRun run = with("staged", {{"async", std::string("server")},
                                   {"staleness", n(0)},
                                   {"fraction", fraction},
                                   {"split", std::string(split)}});
      run.server.shards = 2;
      run.compute.model = "pareto";
      EXPECT_LT(means_apart(run, with("sync_sgd")), kRounding) << split << " " << fraction;
    }
  }
}

TEST(Staged, TheServerHoldsTheAsynchronousHalfOnly) {
  ToyRun run = with("staged", {{"async", std::string("server")}});  // 9 of 19 elements all-reduced
  run.compute.model = "pareto";
  run.eval_every = 4;
  const RunOutcome outcome = run.run();
  EXPECT_EQ(outcome.workers[0].payload_bytes, 12 * 19 * 8);
  std::int64_t updates = 0;
  for (const auto& [staleness, count] : outcome.staleness) updates += count;
  EXPECT_EQ(updates, 4 * 12);
  run.slots = 1;
  EXPECT_EQ(run.run().params_sha256, outcome.params_sha256);
}

TEST(Staged, OverlapKeepsTheMeanAndHidesTheExchange) {
  const ValueMap options{{"fraction", 0.0}, {"period", n(4)}, {"overlap", true}};
  EXPECT_LT(means_apart(with("staged", options), with("local_sgd", {{"period", n(4)}})), kRounding);  // linear gradient
  const RunOutcome outcome = with("staged", options).run();
  EXPECT_GT(outcome.workers[0].hidden_communication_s, 0.0);
  EXPECT_LT(outcome.seconds, with("local_sgd", {{"period", n(4)}}).run().seconds);
}

TEST(Staged, EverySplitHoldsAboutTheFraction) {
  for (const char* split : {"front", "back", "interleaved", "largest"}) {
    ToyRun run = with("staged", {{"fraction", 0.5}, {"split", std::string(split)}, {"period", n(1000)}});
    run.layers = {10, 10, 10, 10, 10, 10, 10, 10};
    run.steps = 10;
    EXPECT_EQ(run.run().workers[0].payload_bytes, 10 * 40 * 8) << split;
  }
}

TEST(Staged, ImpossiblePairsAreRefused) {
  const std::vector<ValueMap> pairs{
      {{"swap", true}, {"staging", std::string("rotating")}},
      {{"swap", true}, {"overlap", true}},
      {{"staging", std::string("rotating")}, {"period_schedule", std::string("divergence")}},
      {{"overlap", true}, {"buffers", std::string("average")}},
      {{"async", std::string("server")}, {"swap", true}},
      {{"async", std::string("server")}, {"chunks", n(2)}},
      {{"async", std::string("server")}, {"dual_sampling", n(2)}},
  };
  for (const ValueMap& options : pairs) EXPECT_THROW(with("staged", options).run(), ConfigError);
  ToyRun uneven = with("staged", {{"dual_sampling", n(3)}});
  EXPECT_THROW(uneven.run(), ConfigError);
  ToyRun momentum = with("staged", {{"swap", true}});
  momentum.momentum = 0.9;
  EXPECT_THROW(momentum.run(), ConfigError);
}

TEST(Law5, AsyncWithOneWorkerIsSerialMomentumIncluded) {
  ToyRun serial = with("sync_sgd");
  ToyRun async = with("async_sgd");
  for (ToyRun* run : {&serial, &async}) {
    run->workers = 1;
    run->momentum = 0.9;
  }
  EXPECT_LT(means_apart(async, serial), kRounding);
}

TEST(Periods, LinearGrowsByItsRate) {
  MemorySink sink;
  ToyRun run =
      with("local_sgd", {{"period", n(1)}, {"period_schedule", std::string("linear")}, {"period_growth", 2.0}});
  run.steps = 16;
  run.log_every = 1;
  run.run(sink);
  EXPECT_EQ(sink.series("period"), (std::vector<double>{1, 3, 5, 7}));
}

TEST(Periods, QsrFollowsTheStepSize) {
  MemorySink sink;
  ToyRun run =
      with("local_sgd", {{"period", n(2)}, {"period_schedule", std::string("qsr")}, {"period_coefficient", 0.25}});
  run.lr = 0.1;  // (0.25 / 0.1)^2 = 6.25
  run.log_every = 1;
  run.run(sink);
  EXPECT_EQ(sink.series("period"), (std::vector<double>{6, 6}));
}

TEST(Periods, AdaCommShrinksWithTheLoss) {
  MemorySink sink;
  ToyRun run = with("local_sgd", {{"period", n(20)}, {"period_schedule", std::string("adacomm")}});
  run.steps = 100;
  run.log_every = 1;
  run.run(sink);
  const auto periods = sink.series("period");
  ASSERT_GE(periods.size(), 3U);
  EXPECT_EQ(periods[0], 20.0);
  EXPECT_LT(periods[2], 20.0);
}

TEST(Periods, DivergenceAveragesWhenWorkersAreFarApart) {
  const auto averages = [](double threshold) {
    MemorySink sink;
    ToyRun run = with("local_sgd", {{"period_schedule", std::string("divergence")}, {"period_threshold", threshold}});
    run.log_every = 1;
    run.run(sink);
    return sink.series("period").size();
  };
  EXPECT_EQ(averages(0.0), 12U);
  EXPECT_EQ(averages(1e9), 0U);
}

TEST(Strategies, EveryStrategyIsAFunctionOfItsSpecWhateverTheSlots) {
  for (const std::string& name : Registry<StrategyEntry>::instance().names()) {
    ToyRun run = with(name);
    run.compute.model = "pareto";
    run.slots = 1;
    const RunOutcome one = run.run();
    run.slots = 3;
    const RunOutcome three = run.run();
    EXPECT_EQ(one.params_sha256, three.params_sha256) << name;
    EXPECT_EQ(one.seconds, three.seconds) << name;
    run.seed = 2;
    const RunOutcome other = run.run();
    EXPECT_NE(one.params_sha256, other.params_sha256) << name;
    EXPECT_NE(one.seconds, other.seconds) << name;
  }
}

}  // namespace
}  // namespace sac::test
