#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/core/error.h"
#include "engine/fabric/calibration/calibrator.h"
#include "engine/fabric/calibration/fit.h"
#include "engine/fabric/calibration/stopwatch.h"
#include "engine/train/rehearsal.h"
#include "tests/support/toy.h"

namespace sac::test {
namespace {

Measurement measured(ToyRun run, double seconds = 5.0) {
  Measurement result;
  run.steps = 1;
  run.custom = [&] { return std::make_unique<Calibrator>(MeasurePlan{.seconds = seconds}, result); };
  run.run();
  return result;
}

ToyRun cluster(std::int64_t workers, const std::string& algorithm) {
  ToyRun run;
  run.workers = workers;
  run.network = {.latency_s = 3e-4, .bandwidth_Bps = 2e7, .algorithm = algorithm, .local_bandwidth_Bps = 1e9};
  return run;
}

class Given : public testing::TestWithParam<std::tuple<int, const char*>> {};

TEST_P(Given, CalibrationGivesBackTheNetwork) {
  const auto [workers, algorithm] = GetParam();
  const Measurement result = measured(cluster(workers, algorithm));
  const NetworkFit fit = fit_network(result.curves, result.ranks);
  EXPECT_NEAR(fit.latency_s / 3e-4, 1.0, 1e-6);
  EXPECT_NEAR(fit.bandwidth_Bps / 2e7, 1.0, 1e-6);
  for (const FitError& error : fit.errors) EXPECT_LT(error.worst, 1e-6) << exchange_name(error.exchange);
}

INSTANTIATE_TEST_SUITE_P(Networks, Given,
                         testing::Combine(testing::Values(2, 3, 4, 8),
                                          testing::Values("ring", "halving_doubling", "tree", "auto")));

TEST(Calibration, NamesTheAlgorithmWhereTheyDiffer) {
  for (const char* algorithm : {"ring", "tree", "server"}) {
    const Measurement result = measured(cluster(8, algorithm));
    EXPECT_EQ(fit_network(result.curves, result.ranks).algorithm, algorithm);
  }
}

TEST(Calibration, GivesBackTheComputeTimes) {
  ToyRun run = cluster(2, "ring");
  run.compute = {.seconds_per_step = 0.01, .speeds = {1.0, 0.5}};
  const ComputeTimes constant = measured(run).compute;
  EXPECT_NEAR(constant.mean_s, 0.015, 1e-9);
  EXPECT_NEAR(constant.sigma, 0.0, 1e-6);
  EXPECT_NEAR(constant.speeds[0], 1.5, 1e-9);
  EXPECT_NEAR(constant.speeds[1], 0.75, 1e-9);
  run.compute = {.model = "lognormal", .seconds_per_step = 0.01, .sigma = 0.3};
  const ComputeTimes noisy = measured(run, 25.0).compute;
  EXPECT_NEAR(noisy.mean_s, 0.01, 5e-4);
  EXPECT_NEAR(noisy.sigma, 0.3, 0.03);
}

TEST(Calibration, TakesAboutTheTimeItIsGiven) {
  for (const double bandwidth : {1e5, 1e7, 1e9}) {
    ToyRun run = cluster(4, "ring");
    run.network.bandwidth_Bps = bandwidth;
    Measurement result;
    run.steps = 1;
    run.custom = [&] { return std::make_unique<Calibrator>(MeasurePlan{.seconds = 10.0}, result); };
    const double seconds = run.run().seconds;
    EXPECT_LT(seconds, 13.0) << bandwidth;
    EXPECT_GT(result.curves.front().sizes.size(), 8u) << bandwidth;
  }
}

TEST(Calibration, ASavingRestIsFoundInTheTable) {
  ToyRun run = cluster(2, "ring");  // 20 ms of burst at 2e7 bytes a second
  Doubles triples;
  for (double bytes = 4; bytes <= 1 << 22; bytes *= 2) {
    const double busy = 6e-4 + bytes / 2e7;
    triples.insert(triples.end(), {bytes, busy, std::max(6e-4, busy - 0.02)});
  }
  run.network.measured = {.all_reduce = MeasuredCost(triples, "all_reduce"), .workers = 2};
  const Measurement result = measured(run, 20.0);
  const SizeCost& last = result.curves.front().sizes.back();
  EXPECT_NEAR(last.seconds - last.rested_seconds, 0.02, 0.002);
  EXPECT_GE(result.rest_steps, 4);  // of 10 ms
}

TEST(Stopwatch, TimesFromTheLastArrivalToTheMeanEndWhateverTheClocksSay) {
  class SkewedClock final : public Clock {
   public:
    SkewedClock(const Clock& inner, double offset) : inner_(&inner), offset_(offset) {}
    [[nodiscard]] Seconds now() const override { return inner_->now() + Seconds(offset_); }

   private:
    const Clock* inner_;
    double offset_;
  };
  class Script final : public Strategy {
   public:
    explicit Script(std::vector<double>& times) : times_(&times) {}
    void step(Worker& worker) override {
      const SkewedClock clock(worker.clock(), 1000.0 * worker.rank());
      Stopwatch watch(worker.comm(), clock, {});
      const at::Tensor tensor = at::zeros({100}, at::TensorOptions(at::kDouble));
      const auto times = watch.time(
          3, [&] { worker.compute_gradients(); },
          [&] {
            if (worker.rank() == 1) worker.compute_gradients();  // late by 10 ms
            worker.comm().all_reduce(tensor, Reduce::kSum);
          });
      const auto dawdle = [&] {
        worker.comm().all_reduce(tensor, Reduce::kSum);
        if (worker.rank() == 2) worker.compute_gradients();
      };
      const double mean = watch
                              .time(
                                  1, [] {}, dawdle)
                              .front();
      const double dawdler = watch.time(1, [] {}, dawdle, {.ends = worker.rank() == 2}).front();
      if (worker.rank() != 0) return;
      *times_ = times;
      times_->push_back(mean);
      times_->push_back(dawdler);
    }

   private:
    std::vector<double>* times_;
  };
  std::vector<double> times;
  ToyRun run;
  run.workers = 3;
  run.steps = 1;
  run.custom = [&] { return std::make_unique<Script>(times); };
  run.run();
  ASSERT_EQ(times.size(), 5u);
  const double all_reduce = 4e-3 + 2.0 * 2.0 / 3.0 * 800 / 1e5;
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(times[static_cast<std::size_t>(i)], 0.01 + all_reduce, 1e-9);
  EXPECT_NEAR(times[3], all_reduce + 0.01 / 3.0, 1e-9);
  EXPECT_NEAR(times[4], all_reduce + 0.01, 1e-9);
}

TEST(Median, OfOddAndEvenCounts) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
}

}  // namespace
}  // namespace sac::test
