#include <gtest/gtest.h>

#include <cmath>

#include "engine/compress/codec.h"
#include "tests/fabric/ranks.h"
#include "tests/support/toy.h"

namespace sac::test {
namespace {

struct RealRun {
  RunOutcome outcome;  ///< of rank 0
  MemorySink sink;
};

RealRun on_gloo(const ToyRun& run) {
  RealRun real;
  on_ranks(static_cast<int>(run.workers), [&](const Launch& launch) {
    MemorySink unused;
    GroupExecutor executor(launch, {.timeout = Seconds(30.0), .shards = run.server.shards});
    RunOutcome outcome = executor.run(run.job(), launch.rank == 0 ? real.sink : unused);
    if (launch.rank == 0) real.outcome = std::move(outcome);
  });
  return real;
}

std::int64_t updates(const RunOutcome& outcome) {
  std::int64_t count = 0;
  for (const auto& [staleness, number] : outcome.staleness) count += number;
  return count;
}

/// What holds for every strategy; the tests below go through the registry, so that none can be forgotten.
void expect_same_course(const std::string& strategy, std::int64_t workers) {
  SCOPED_TRACE(strategy + " with " + std::to_string(workers) + " workers");
  ToyRun run;
  run.strategy = strategy;
  run.workers = workers;
  run.steps = 50;
  run.eval_every = 20;
  run.momentum = 0.5;
  MemorySink simulated;
  const RunOutcome virtual_outcome = run.run(simulated);
  const RealRun real = on_gloo(run);

  const Traits traits =
      Registry<StrategyEntry>::instance()
          .at(strategy)
          .make(Options(Registry<StrategyEntry>::instance().at(strategy).options, {}, "strategy", "strategy."))
          ->traits();
  ASSERT_EQ(real.outcome.steps, run.steps);
  EXPECT_EQ(real.sink.series("loss").size(), simulated.series("loss").size());
  EXPECT_EQ(real.sink.series("train_loss").size(), simulated.series("train_loss").size());
  if (traits.server && !traits.drops) {
    EXPECT_EQ(updates(real.outcome), updates(virtual_outcome));
  }
  for (std::size_t rank = 0; rank < real.outcome.workers.size(); ++rank) {
    const WorkerTotals& totals = real.outcome.workers[rank];
    EXPECT_NEAR(totals.compute_s + totals.communication_s + totals.waiting_s + totals.idle_s, real.outcome.seconds,
                1e-9);
    if (!traits.drops) {
      EXPECT_EQ(totals.payload_bytes, virtual_outcome.workers[rank].payload_bytes);
    }
  }
  if (!traits.deterministic) return;
  const std::vector<double> expected = simulated.series("loss");
  const std::vector<double> got = real.sink.series("loss");
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(got[i] / expected[i], 1.0, 1e-9);
}

TEST(Gloo, EveryStrategyTakesItsVirtualCourse) {
  for (const std::string& strategy : Registry<StrategyEntry>::instance().names()) {
    for (const std::int64_t workers : {1, 2, 4}) expect_same_course(strategy, workers);
  }
}

TEST(Gloo, EveryCodecSaysTheSameAsOnTheVirtualCluster) {
  for (const char* strategy : {"sync_sgd", "choco"}) {
    for (const CodecEntry& codec : codecs()) {
      ToyRun run;
      run.strategy = strategy;
      run.options = {{"codec", codec.name}, {"codec_ratio", 0.2}};
      if (strategy == std::string("choco") && (codec.name == "signsgd" || codec.name == "dgc")) continue;
      run.workers = 3;
      const RunOutcome simulated = run.run();
      const RealRun real = on_gloo(run);
      const double rounding = codec.make({})->adds_up() ? 1e-2 : 1e-9;  // 16-bit sums in another order
      EXPECT_NEAR(*real.outcome.loss / *simulated.loss, 1.0, rounding) << strategy << " " << codec.name;
      EXPECT_EQ(real.outcome.workers[1].payload_bytes, simulated.workers[1].payload_bytes) << codec.name;
    }
  }
}

TEST(Gloo, CodecsReachTheServer) {
  for (const CodecEntry& codec : codecs()) {
    ToyRun run;
    run.strategy = "async_sgd";
    run.options = {{"codec", codec.name}, {"codec_ratio", 0.2}};
    run.workers = 1;
    run.server.shards = 2;
    const RealRun real = on_gloo(run);
    EXPECT_NEAR(*real.outcome.loss / *run.run().loss, 1.0, 1e-9) << codec.name;
  }
}

TEST(Gloo, TheServerMayHoldHalfOfTheModel) {
  ToyRun run;
  run.strategy = "staged";
  run.options = {{"async", std::string("server")}, {"staleness", std::int64_t{0}}};
  run.workers = 3;
  run.eval_every = 4;
  EXPECT_NEAR(*on_gloo(run).outcome.loss / *run.run().loss, 1.0, 1e-9);
}

TEST(Gloo, TheServerMayHaveMoreShardsThanRanks) {
  ToyRun run;
  run.strategy = "async_sgd";
  run.workers = 2;
  run.server.shards = 3;
  EXPECT_EQ(updates(on_gloo(run).outcome), run.workers * run.steps);
}

TEST(Gloo, OneWorkerAlwaysPullsWhatItPushed) {
  ToyRun run;
  run.strategy = "async_sgd";
  run.workers = 1;
  const RealRun real = on_gloo(run);
  EXPECT_EQ(real.outcome.staleness, (std::map<std::int64_t, std::int64_t>{{0, run.steps}}));
  EXPECT_DOUBLE_EQ(*real.outcome.loss, *run.run().loss);
}

TEST(Gloo, ARankThatThrowsEndsAllWithItsWords) {
  struct Broken final : Strategy {
    void step(Worker& worker) override {
      if (worker.rank() == 1 && worker.step() == 3) throw RunError("the disk is on fire");
      worker.compute_gradients();
      worker.comm().all_reduce(worker.gradients(), Reduce::kMean);
    }
  };
  ToyRun run;
  run.workers = 3;
  run.custom = [] { return std::make_unique<Broken>(); };
  std::atomic<int> told{0};
  on_ranks(3, [&](const Launch& launch) {
    MemorySink sink;
    try {
      GroupExecutor(launch, {.timeout = Seconds(20.0)}).run(run.job(), sink);
    } catch (const CommunicationError& error) {
      EXPECT_STREQ(error.what(), "rank 1: the disk is on fire");
      ++told;
    }
  });
  EXPECT_EQ(told, 3);
}

TEST(Gloo, ARankThatLeavesOutACollectiveIsFoundOut) {
  struct Lopsided final : Strategy {
    void step(Worker& worker) override {
      if (worker.rank() == 0) worker.comm().barrier();
      while (worker.rank() == 1) worker.comm().recv(worker.gradients(), 0);
    }
  };
  ToyRun run;
  run.workers = 2;
  run.custom = [] { return std::make_unique<Lopsided>(); };
  on_ranks(2, [&](const Launch& launch) {
    MemorySink sink;
    try {
      GroupExecutor(launch, {.timeout = Seconds(1.0)}).run(run.job(), sink);
      FAIL() << "rank " << launch.rank << " came to an end";
    } catch (const CommunicationError& error) {
      EXPECT_NE(std::string(error.what()).find("did not end within 1 s"), std::string::npos) << error.what();
    }
  });
}

}  // namespace
}  // namespace sac::test
