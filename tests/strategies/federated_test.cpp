#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/train/client_draw.h"
#include "tests/support/strategy_runs.h"

namespace sac::test {
namespace {

const std::vector<std::string> kRounds{"fedavg", "fedprox", "fedopt", "scaffold"};

TEST(ClientDraw, DrawsItsShareEveryRoundAndEveryoneInTheEnd) {
  const ClientDraw draw(0.25, 8, 7);
  std::vector<int> drawn(8, 0);
  for (std::int64_t round = 0; round < 400; ++round) {
    int count = 0;
    for (int rank = 0; rank < 8; ++rank) {
      if (!draw.takes_part(rank, round)) continue;
      ++count;
      ++drawn[static_cast<std::size_t>(rank)];
    }
    ASSERT_EQ(count, 2);
  }
  for (const int times : drawn) EXPECT_NEAR(times, 100, 40);
  EXPECT_TRUE(draw.takes_part(3, draw.next(3, 0)));
}

TEST(Clients, ThoseOutsideARoundComputeNothingAndSendNothing) {
  for (const std::string& name : kRounds) {
    ToyRun run = with(name, {{"period", n(3)}, {"client_fraction", 0.25}});
    run.workers = 8;
    run.steps = 12;  // 4 rounds of 2 clients
    const RunOutcome outcome = run.run();
    const ClientDraw draw(0.25, 8, run.seed);
    const std::int64_t bytes = (name == "scaffold" ? 2 : 1) * 19 * 8;
    for (int rank = 0; rank < 8; ++rank) {
      std::int64_t rounds = 0;
      for (std::int64_t round = 0; round < 4; ++round) rounds += draw.takes_part(rank, round) ? 1 : 0;
      const WorkerTotals& totals = outcome.workers[static_cast<std::size_t>(rank)];
      EXPECT_NEAR(totals.compute_s, 0.03 * static_cast<double>(rounds), 1e-9) << name << " " << rank;
      EXPECT_EQ(totals.payload_bytes, bytes * rounds) << name << " " << rank;
      if (rounds == 0) {
        EXPECT_NEAR(totals.idle_s, outcome.seconds, 1e-9) << name << " " << rank;
      }
      EXPECT_NEAR(totals.compute_s + totals.communication_s + totals.waiting_s + totals.idle_s, outcome.seconds, 1e-9);
    }
  }
}

TEST(Clients, AShareOfThemStillLearnsTheSameOnEveryRun) {
  for (const std::string& name : kRounds) {
    ToyRun run = with(name, {{"period", n(2)}, {"client_fraction", 0.5}});
    run.workers = 6;
    run.steps = 60;
    run.compute.model = "pareto";
    const RunOutcome outcome = run.run();
    run.slots = 1;
    EXPECT_EQ(run.run().params_sha256, outcome.params_sha256) << name;
    ToyRun still = run;
    still.steps = 1;
    still.lr = 1e-9;
    EXPECT_LT(*outcome.loss, *still.run().loss) << name;
  }
}

TEST(FedAvg, OneRoundIsTheMeanOfItsClients) {
  ToyRun run = with("fedavg", {{"period", n(4)}, {"client_fraction", 0.5}});
  run.steps = 8;
  const auto path = trace(run);
  const ClientDraw draw(0.5, 4, run.seed);
  at::Tensor mean = at::zeros_like(path[0][0]);
  ToyRun alone = with("local_sgd", {{"period", n(1000)}});
  alone.steps = 4;
  const auto local = trace(alone);
  for (int rank = 0; rank < 4; ++rank) {
    if (draw.takes_part(rank, 0)) mean.add_(local[static_cast<std::size_t>(rank)][3], 0.5);
  }
  for (int rank = 0; rank < 4; ++rank) {
    if (!draw.takes_part(rank, 0) || !draw.takes_part(rank, 1)) continue;
    EXPECT_LT(distance(path[static_cast<std::size_t>(rank)][3], mean), kRounding);
  }
}

TEST(Scaffold, TheVariatesOfEqualClientsCancel) {
  // Every client sees the same data: c_k = c for all of them, and the path is fedavg's.
  ToyRun scaffold = with("scaffold", {{"period", n(3)}});
  ToyRun fedavg = with("fedavg", {{"period", n(3)}});
  scaffold.workers = fedavg.workers = 1;
  EXPECT_LT(distance(trace(scaffold)[0][11], trace(fedavg)[0][11]), kRounding);
}

TEST(FedAsync, MixesWithTheWeightOfItsStaleness) {
  ToyRun run = with("fedasync", {{"period", n(1)}, {"alpha", 0.5}, {"stale_weight", word("constant")}});
  run.workers = 1;
  run.steps = 1;
  at::Tensor start = at::empty({19}, at::TensorOptions(at::kDouble));
  ToyModel(run.layers).initialise(start, {}, run.seed);
  ToyRun serial = with("sync_sgd");
  serial.workers = 1;
  serial.steps = 1;
  const at::Tensor half = (start + trace(serial)[0][0]) / 2.0;
  EXPECT_LT(distance(trace(run)[0][0], half), kRounding);
}

TEST(FedBuff, ABufferOfAllEqualClientsIsFedAvgsRound) {
  ToyRun run = with("fedbuff", {{"period", n(4)}, {"buffer", n(4)}, {"stale_weight", word("constant")}});
  run.steps = 4;
  ToyRun rounds = with("fedavg", {{"period", n(4)}});
  rounds.steps = 4;
  const RunOutcome outcome = run.run();
  EXPECT_NEAR(*outcome.loss, *rounds.run().loss, kRounding);
}

TEST(AdPsgd, ActiveWorkersSendAModelAStepPassiveOnesNothing) {
  ToyRun run = with("ad_psgd");
  run.compute.model = "pareto";
  run.eval_every = 5;
  const RunOutcome outcome = run.run();
  for (std::size_t rank = 0; rank < 4; ++rank) {
    EXPECT_EQ(outcome.workers[rank].payload_bytes, rank % 2 == 1 ? 12 * 19 * 8 : 0) << rank;
    EXPECT_EQ(outcome.workers[rank].wire_bytes, rank % 2 == 1 ? 2 * 12 * 19 * 8 : 0) << rank;
  }
  run.slots = 1;
  EXPECT_EQ(run.run().params_sha256, outcome.params_sha256);
  run.server.shards = 2;
  EXPECT_THROW(run.run(), ConfigError);
}

TEST(AdPsgd, NobodyWaitsForASlowPeersComputation) {
  ToyRun run = with("ad_psgd");
  run.compute.speeds = {0.1, 1.0, 1.0, 1.0};
  run.steps = 40;
  const RunOutcome outcome = run.run();
  EXPECT_NEAR(outcome.workers[0].compute_s, outcome.seconds, 1e-9) << "the slow one";
  EXPECT_GT(outcome.workers[1].idle_s, 0.8 * outcome.seconds) << "has long been done";
}

TEST(AdPsgd, AveragingDrawsTheReplicasTogether) {
  const auto spread = [](const std::string& strategy, ValueMap options) {
    ToyRun run = with(strategy, std::move(options));
    run.workers = 8;
    run.steps = 60;
    const auto path = trace(run);
    const at::Tensor mean = mean_at(path, 59);
    double sum = 0.0;
    for (const auto& replica : path) sum += (replica[59] - mean).square().sum().item<double>();
    return sum;
  };
  EXPECT_LT(spread("ad_psgd", {}), 0.5 * spread("local_sgd", {{"period", n(1000)}}));
}

TEST(PalSgd, StepsBackCostNoComputationAndPullTowardsTheStart) {
  ToyRun run = with("palsgd", {{"probability", 0.4}, {"period", n(50)}});
  run.steps = 50;
  const RunOutcome outcome = run.run();
  double gradients = 0.0;
  for (const WorkerTotals& totals : outcome.workers) gradients += totals.compute_s / 0.01;
  EXPECT_NEAR(gradients / 200.0, 0.6, 0.1);
  ToyRun free = run;
  free.options["pull"] = 0.0;
  at::Tensor start = at::empty({19}, at::TensorOptions(at::kDouble));
  ToyModel(run.layers).initialise(start, {}, run.seed);
  EXPECT_LT((trace(run)[0][48] - start).norm().item<double>(), (trace(free)[0][48] - start).norm().item<double>());
}

}  // namespace
}  // namespace sac::test
