#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "engine/core/error.h"
#include "engine/train/gossip.h"
#include "tests/support/strategy_runs.h"

namespace sac::test {
namespace {

const std::vector<std::string> kTopologies{"ring",     "torus",          "exponential", "one_peer_exponential",
                                           "complete", "random_matching"};

at::Tensor matrix(const Topology& topology, int size, std::int64_t step) {
  at::Tensor w = at::zeros({size, size}, at::TensorOptions(at::kDouble));
  for (int rank = 0; rank < size; ++rank) {
    const Mixing mixing = topology.at(rank, step);
    w[rank][rank] = mixing.self;
    for (const Link& link : mixing.in) w[rank][link.peer] = link.weight;
    for (const Link& link : mixing.in) {
      const std::vector<int> out = topology.at(link.peer, step).out;
      EXPECT_TRUE(std::find(out.begin(), out.end(), rank) != out.end()) << "who is heard must send";
    }
  }
  return w;
}

TEST(Law8, EveryMixingMatrixIsDoublyStochastic) {
  for (const std::string& name : kTopologies) {
    for (const int size : {1, 2, 3, 4, 5, 7, 8, 12, 16, 17}) {
      for (const std::int64_t step : {0, 1, 2, 5}) {
        const at::Tensor w = matrix(Topology(name, size, 7), size, step);
        EXPECT_GE(w.min().item<double>(), 0.0);
        EXPECT_LT(distance(w.sum(0), at::ones_like(w.sum(0))), kRounding) << name << " " << size;
        EXPECT_LT(distance(w.sum(1), at::ones_like(w.sum(1))), kRounding) << name << " " << size;
      }
    }
  }
}

TEST(Law8, TheRingsSecondEigenvalueIsKnown) {
  for (const int size : {3, 4, 5, 8, 16}) {
    const at::Tensor w = matrix(Topology("ring", size, 7), size, 0);
    const at::Tensor rest = w - at::full_like(w, 1.0 / size);
    const double second = std::get<0>(at::linalg_eigh(rest)).abs().max().item<double>();
    const double known = 1.0 / 3 + 2.0 / 3 * std::cos(2 * std::numbers::pi / size);
    const double other = std::abs(1.0 / 3 + 2.0 / 3 * std::cos(2 * std::numbers::pi * (size / 2) / size));
    EXPECT_NEAR(second, std::max(known, other), 1e-9) << size;
  }
}

/// Workers start apart and only mix.
class OnlyMix final : public Strategy {
 public:
  explicit OnlyMix(std::string topology) : topology_(std::move(topology)) {}
  void step(Worker& worker) override {
    worker.compute_gradients();
    if (worker.step() == 0) {
      worker.parameters().add_(worker.rank() * worker.rank());
    } else {
      mix(worker, Topology(topology_, worker.world_size(), worker.seed()).at(worker.rank(), worker.step()),
          worker.parameters());
    }
  }

 private:
  std::string topology_;
};

TEST(Law8, GossipKeepsTheMeanAndContractsByTheSecondEigenvalue) {
  for (const std::string& name : kTopologies) {
    ToyRun run;
    run.workers = 8;
    run.steps = 30;
    Probe::Trace path(8);
    run.custom = [&] { return std::make_unique<Probe>(std::make_unique<OnlyMix>(name), path); };
    run.run();
    const auto spread = [&](std::size_t step) {
      double sum = 0.0;
      for (const auto& worker : path) sum += (worker[step] - mean_at(path, step)).square().sum().item<double>();
      return std::sqrt(sum);
    };
    for (std::size_t step = 1; step < 30; ++step) {
      EXPECT_LT(distance(mean_at(path, step), mean_at(path, 0)), 1e-10) << name;
      if (name != "ring") continue;
      const double second = 1.0 / 3 + 2.0 / 3 * std::cos(2 * std::numbers::pi / 8);
      EXPECT_LE(spread(step), second * spread(step - 1) * (1 + 1e-9));
    }
    EXPECT_LT(spread(29), 0.01 * spread(0)) << name;
  }
}

TEST(Law8, OnePeerExponentialReachesConsensusInLogSteps) {
  ToyRun run;
  run.workers = 16;
  run.steps = 5;
  Probe::Trace path(16);
  run.custom = [&] { return std::make_unique<Probe>(std::make_unique<OnlyMix>("one_peer_exponential"), path); };
  run.run();
  EXPECT_LT(distance(path[0][4], path[15][4]), 1e-10) << "4 mixing steps of 16 = 2^4 ranks";
}

TEST(DPsgd, CompleteIsSyncSgdInTheMean) {
  const auto gossip = trace(with("d_psgd", {{"topology", word("complete")}}));
  const auto sync = trace(with("sync_sgd"));
  for (std::size_t step = 0; step < 12; ++step) {
    EXPECT_LT(distance(mean_at(gossip, step), mean_at(sync, step)), kRounding);
  }
}

TEST(DPsgd, SendsOneModelANeighbourAndStepBehindComputation) {
  ToyRun run = with("d_psgd");
  run.workers = 6;
  run.network.bandwidth_Bps = 1e6;
  const RunOutcome outcome = run.run();
  EXPECT_EQ(outcome.workers[0].payload_bytes, 12 * 2 * 19 * 8);
  EXPECT_GT(outcome.workers[0].hidden_communication_s, 0.0);
}

TEST(Sgp, WithSymmetricLinksItIsGossip) {
  // The weights stay 1, so that z follows the plain recursion mix(x - lr g).
  ToyRun run = with("sgp", {{"topology", word("complete")}});
  const auto push = trace(run);
  const auto sync = trace(with("sync_sgd"));
  for (std::size_t step = 0; step < 12; ++step) EXPECT_LT(distance(push[2][step], sync[2][step]), 1e-10);
}

TEST(Choco, WithoutACodecAndFullRateItIsGossipAfterTheStep) {
  ToyRun run = with("choco", {{"topology", word("complete")}, {"consensus_rate", 1.0}});
  EXPECT_LT(distance(trace(run)[1][11], trace(with("sync_sgd"))[1][11]), 1e-10);
}

TEST(Choco, CompressedDifferencesStillReachConsensus) {
  ToyRun run = with("choco", {{"codec", word("topk")}, {"codec_ratio", 0.2}, {"consensus_rate", 0.3}});
  run.steps = 300;
  run.lr = 0.01;
  const auto path = trace(run);
  EXPECT_LT(distance(path[0][299], path[2][299]), 0.2);
  EXPECT_EQ(run.run().workers[0].payload_bytes, 300 * 2 * 4 * (4 + 8)) << "2 neighbours, 4 of 19 elements";
}

TEST(Choco, ImpossiblePairsAreRefused) {
  EXPECT_THROW(with("choco", {{"topology", word("random_matching")}}).run(), ConfigError);
  EXPECT_THROW(with("choco", {{"codec", word("topk")}, {"error_feedback", true}}).run(), ConfigError);
}

TEST(NoLoCo, WithoutMomentumAndWithFullRatesItAveragesRandomPairs) {
  ToyRun run = with("noloco", {{"period", n(3)}, {"outer_momentum", 0.0}, {"outer_lr", 1.0}, {"consensus_rate", 1.0}});
  const auto path = trace(run);
  for (const std::size_t step : {2, 5, 8, 11}) {
    for (std::size_t k = 0; k < 4; ++k) {
      int equal = 0;
      for (std::size_t other = 0; other < 4; ++other) equal += distance(path[k][step], path[other][step]) < 1e-12;
      EXPECT_EQ(equal, 2) << "a worker and its partner at step " << step;
    }
  }
  const auto local = trace(with("local_sgd", {{"period", n(3)}}));
  EXPECT_LT(distance(mean_at(path, 11), mean_at(local, 11)), 1e-12);
}

TEST(Federated, EverybodyEveryRoundIsLocalSgd) {
  const auto local = trace(with("local_sgd", {{"period", n(3)}}));
  for (const ValueMap& options : {ValueMap{{"period", n(3)}}}) {
    const auto fed = trace(with("fedavg", options));
    for (std::size_t k = 0; k < 4; ++k) EXPECT_LT(distance(fed[k][11], local[k][11]), kRounding);
  }
  const auto prox = trace(with("fedprox", {{"period", n(3)}, {"mu", 0.0}}));
  EXPECT_LT(distance(prox[1][11], local[1][11]), kRounding);
  const auto opt = trace(with(
      "fedopt", {{"period", n(3)}, {"server_optimizer", word("sgd")}, {"server_lr", 1.0}, {"server_momentum", 0.0}}));
  EXPECT_LT(distance(opt[1][11], local[1][11]), kRounding);
}

TEST(Federated, ScaffoldWithoutHeterogeneityKeepsTheMeanOfLocalSgd) {
  // sum_k (c_k - c) = 0 after every round, and the toy's gradient is linear: the mean takes the same course.
  const auto scaffold = trace(with("scaffold", {{"period", n(3)}}));
  const auto local = trace(with("local_sgd", {{"period", n(3)}}));
  for (std::size_t step = 0; step < 12; ++step) {
    EXPECT_LT(distance(mean_at(scaffold, step), mean_at(local, step)), 1e-10) << step;
  }
}

TEST(Federated, FedProxPullsToTheGlobalModel) {
  const auto free = trace(with("fedavg", {{"period", n(12)}}));
  const auto held = trace(with("fedprox", {{"period", n(12)}, {"mu", 5.0}}));
  at::Tensor start = at::empty({19}, at::TensorOptions(at::kDouble));
  ToyModel({6, 3, 8, 2}).initialise(start, {}, 1);
  EXPECT_LT(distance(held[0][10], start), 0.5 * distance(free[0][10], start));
}

}  // namespace
}  // namespace sac::test
