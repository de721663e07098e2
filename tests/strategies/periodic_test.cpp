#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/support/strategy_runs.h"

namespace sac::test {
namespace {

at::Tensor initial(const ToyRun& run) {
  at::Tensor start = at::empty({run.elements()}, at::TensorOptions(at::kDouble));
  ToyModel(run.layers).initialise(start, {}, run.seed);
  return start;
}

TEST(Law3, DiLoCoWithOuterStepSizeOneIsLocalSgd) {
  const ValueMap plain{{"period", n(3)}, {"outer_optimizer", word("sgd")}, {"outer_lr", 1.0}, {"outer_momentum", 0.0}};
  EXPECT_LT(apart(with("diloco", plain), with("local_sgd", {{"period", n(3)}})), kRounding);
}

TEST(Law3, DiLoCoWithOuterStepSizeZeroNeverMovesAtAMerge) {
  for (const char* outer : {"sgd", "nesterov", "adam"}) {
    ToyRun run = with("diloco", {{"period", n(3)}, {"outer_optimizer", word(outer)}, {"outer_lr", 0.0}});
    const auto path = trace(run);
    EXPECT_GT(distance(path[0][1], initial(run)), 1e-3) << "it trains between merges";
    for (const std::size_t step : {2, 5, 8, 11}) EXPECT_EQ(distance(path[0][step], initial(run)), 0.0) << outer;
  }
}

TEST(Law4, SlowMoWithoutMomentumIsLocalSgd) {
  const ValueMap plain{{"period", n(3)}, {"slow_momentum", 0.0}};
  EXPECT_LT(apart(with("slowmo", plain), with("local_sgd", {{"period", n(3)}})), kRounding);
}

TEST(Law4, SlowMoAloneWithoutMomentumIsLookahead) {
  ToyRun run = with("slowmo", {{"period", n(4)}, {"slow_momentum", 0.0}, {"slow_lr", 0.5}});
  run.workers = 1;
  const auto path = trace(run);
  const ToyData data(19, run.batch);
  at::Tensor slow = initial(run);
  at::Tensor fast = slow.clone();
  for (std::int64_t step = 0; step < run.steps; ++step) {
    Batch batch;
    data.train_batch(0, 1, step, 0, 1, batch);
    fast = fast - run.lr * (fast - batch.inputs.mean(0));
    if ((step + 1) % 4 == 0) fast = slow = slow + 0.5 * (fast - slow);
    EXPECT_LT(distance(path[0][static_cast<std::size_t>(step)], fast), kRounding) << step;
  }
}

TEST(OuterOptimizer, BmufWithoutMomentumIsLocalSgd) {
  for (const bool nesterov : {false, true}) {
    const ValueMap plain{{"period", n(3)}, {"block_momentum", 0.0}, {"block_nesterov", nesterov}};
    EXPECT_LT(apart(with("bmuf", plain), with("local_sgd", {{"period", n(3)}})), kRounding);
  }
}

TEST(OuterOptimizer, SlowMoWithAConstantStepSizeIsBmuf) {
  EXPECT_LT(apart(with("slowmo", {{"period", n(3)}, {"slow_momentum", 0.6}}),
                  with("bmuf", {{"period", n(3)}, {"block_momentum", 0.6}, {"block_nesterov", false}})),
            kRounding);
}

TEST(StreamingDiLoCo, OneFragmentWithoutDelayIsDiLoCo) {
  const ValueMap streaming{{"period", n(4)}, {"fragments", n(1)}, {"delay", n(0)}, {"merge_weight", 0.0}};
  EXPECT_LT(apart(with("streaming_diloco", streaming), with("diloco", {{"period", n(4)}})), kRounding);
}

TEST(StreamingDiLoCo, FragmentsTravelInTurnOnceAPeriod) {
  ToyRun run =
      with("streaming_diloco", {{"period", n(4)}, {"fragments", n(4)}, {"delay", n(0)}, {"merge_weight", 0.0}});
  const auto path = trace(run);
  for (std::size_t step = 0; step < 12; ++step) {
    for (std::int64_t part = 0; part < 4; ++part) {
      const std::int64_t begin = 19 * part / 4;
      const std::int64_t size = 19 * (part + 1) / 4 - begin;
      const double off = distance(path[0][step].narrow(0, begin, size), path[3][step].narrow(0, begin, size));
      EXPECT_EQ(off == 0.0, static_cast<std::int64_t>(step % 4) == part) << "step " << step << " fragment " << part;
    }
  }
  EXPECT_EQ(run.run().workers[0].payload_bytes, 3 * 19 * 8);
}

TEST(StreamingDiLoCo, DelayBeyondThePeriodIsRefused) {
  EXPECT_THROW(with("streaming_diloco", {{"period", n(4)}, {"delay", n(4)}}).run(), ConfigError);
}

TEST(Law9, ElasticAveragingMovesCentreAndWorkersByTheSameForce) {
  const double beta = 0.7;
  ToyRun run = with("easgd", {{"period", n(1)}, {"beta", beta}});
  run.steps = 40;
  const auto path = trace(run);
  const ToyData data(19, run.batch);
  at::Tensor centre = initial(run);
  at::Tensor mean = initial(run);
  for (std::int64_t step = 0; step < run.steps; ++step) {
    at::Tensor gradient = mean.clone();  // the toy's is x - target, linear in x
    for (int k = 0; k < 4; ++k) {
      Batch batch;
      data.train_batch(k, 4, step, 0, 1, batch);
      gradient.sub_(batch.inputs.mean(0), 0.25);
    }
    const at::Tensor force = (mean - centre) * (beta / 4);  // by which c + sum of x_k is conserved
    mean = mean - force - run.lr * gradient;
    centre = centre + 4 * force;
    EXPECT_LT(distance(mean_at(path, static_cast<std::size_t>(step)), mean), 1e-10) << step;
  }
}

TEST(Law9, WithoutGradientsCentreAndWorkersKeepTheirSumAndMeetAtItsMean) {
  ToyRun run = with("easgd", {{"period", n(1)}, {"beta", 0.8}});
  run.workers = 5;
  run.steps = 300;
  Probe::Trace path(5);
  std::vector<at::Tensor> centre;
  const StrategyEntry& entry = Registry<StrategyEntry>::instance().at("easgd");
  const Options options(entry.options, run.options, "strategy 'easgd'", "strategy.");
  run.custom = [&] { return std::make_unique<Probe>(entry.make(options), path, &centre); };
  Job job = run.job();  // 10 steps of training, then as good as none
  job.schedule = Options(schedule_options(),
                         {{"lr", 0.1}, {"schedule", word("step")}, {"step_every", n(10)}, {"step_factor", 1e-300}},
                         "the schedule");
  MemorySink sink;
  VirtualExecutor(run.cluster(), run.slots).run(job, sink);
  const auto sum_at = [&](std::size_t step) {
    at::Tensor sum = centre[step].clone();
    for (const auto& replica : path) sum.add_(replica[step]);
    return sum;
  };
  const at::Tensor total = sum_at(10);
  EXPECT_GT(distance(path[0][10], path[1][10]), 1e-3) << "they have parted";
  for (std::size_t step = 10; step < 300; ++step) EXPECT_LT(distance(sum_at(step), total), kRounding) << step;
  for (const auto& replica : path) EXPECT_LT(distance(replica[299], total / 6.0), 1e-10);
  EXPECT_LT(distance(centre[299], total / 6.0), 1e-10);
}

TEST(PostLocalSgd, IsSyncSgdFirstAndLocalSgdThen) {
  const auto both = trace(with("post_local_sgd", {{"switch_step", n(5)}, {"period", n(3)}}));
  const auto sync = trace(with("sync_sgd"));
  for (std::size_t step = 0; step < 5; ++step) EXPECT_LT(distance(both[1][step], sync[1][step]), kRounding);
  for (std::size_t step = 5; step < 12; ++step) {
    EXPECT_EQ(distance(both[0][step], both[1][step]) == 0.0, (step - 4) % 3 == 0) << step;
  }
  EXPECT_LT(
      apart(with("post_local_sgd", {{"switch_step", n(0)}, {"period", n(3)}}), with("local_sgd", {{"period", n(3)}})),
      kRounding);
}

TEST(HierarchicalLocalSgd, NodesAgreeOftenEverybodySeldom) {
  const auto path =
      trace(with("hierarchical_local_sgd", {{"period", n(2)}, {"node_rounds", n(3)}, {"node_size", n(2)}}));
  for (std::size_t step = 0; step < 12; ++step) {
    EXPECT_EQ(distance(path[0][step], path[1][step]) == 0.0, step % 2 == 1) << step;
    EXPECT_EQ(distance(path[0][step], path[2][step]) == 0.0, step % 6 == 5) << step;
  }
}

TEST(HierarchicalLocalSgd, OneNodeIsLocalSgd) {
  EXPECT_LT(apart(with("hierarchical_local_sgd", {{"period", n(3)}, {"node_size", n(4)}, {"node_rounds", n(2)}}),
                  with("local_sgd", {{"period", n(3)}})),
            kRounding);
}

TEST(OverlapLocalSgd, TheAverageOfOnePeriodLandsAtTheEndOfTheNext) {
  const auto overlap = trace(with("overlap_local_sgd", {{"period", n(3)}}));
  const auto alone = trace(with("local_sgd", {{"period", n(1000)}}));
  for (std::size_t step = 0; step < 5; ++step) EXPECT_EQ(distance(overlap[1][step], alone[1][step]), 0.0);
  const at::Tensor landed = alone[1][5] + mean_at(alone, 2) - alone[1][2];
  EXPECT_LT(distance(overlap[1][5], landed), kRounding);
}

TEST(DelayedSyncMomentum, WithoutDelayItIsLocalSgdWithAveragedState) {
  ToyRun delayed = with("delayed_sync_momentum", {{"period", n(3)}, {"delay", n(0)}});
  ToyRun local = with("local_sgd", {{"period", n(3)}, {"buffers", word("average")}});
  delayed.momentum = local.momentum = 0.9;
  EXPECT_LT(apart(delayed, local), kRounding);
}

TEST(Sparta, AveragesItsShareOfTheCoordinates) {
  ToyRun run = with("sparta", {{"probability", 0.25}});
  run.layers = {4000};
  run.steps = 5;
  const auto path = trace(run);
  const at::Tensor equal = path[0][4] == path[3][4];
  EXPECT_NEAR(equal.to(at::kDouble).mean().item<double>(), 0.25, 0.03);
  EXPECT_LT(apart(with("sparta", {{"probability", 1.0}}), with("local_sgd", {{"period", n(1)}})), kRounding);
  EXPECT_LT(apart(with("sparta", {{"probability", 0.0}}), with("local_sgd", {{"period", n(1000)}})), kRounding);
}

TEST(Periods, AWordForThePeriodNamesItsSchedule) {
  EXPECT_EQ(
      apart(with("local_sgd", {{"period", word("linear")}}), with("local_sgd", {{"period_schedule", word("linear")}})),
      0.0);
  EXPECT_THROW(with("local_sgd", {{"period", word("liner")}}).run(), ConfigError);
}

TEST(Metrics, AnAverageReportsPeriodAndDrift) {
  MemorySink sink;
  ToyRun run = with("local_sgd", {{"period", n(3)}});
  run.log_every = 1;
  run.run(sink);
  EXPECT_EQ(sink.series("period"), (std::vector<double>{3, 3, 3, 3}));
  for (const double drift : sink.series("drift")) EXPECT_GT(drift, 0.0);
}

}  // namespace
}  // namespace sac::test
