#include <ATen/ops/empty.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "tests/support/strategy_runs.h"

namespace sac::test {
namespace {

/// Evaluated models by step.
std::map<std::int64_t, at::Tensor> evaluated(const ToyRun& run) {
  std::map<std::int64_t, at::Tensor> models;
  Job job = run.job();
  job.evaluated = [&](std::int64_t step, const at::Tensor& parameters, const at::Tensor&) {
    models[step] = parameters.clone();
  };
  MemorySink sink;
  VirtualExecutor(run.cluster(), run.slots).run(job, sink);
  return models;
}

ToyRun every_step(const std::string& strategy, double decay) {
  ToyRun run;
  run.strategy = strategy;
  run.steps = 20;
  run.eval_every = 1;
  run.ema_decay = decay;
  run.momentum = 0.5;
  return run;
}

at::Tensor initial(const ToyRun& run) {
  at::Tensor parameters = at::empty({run.elements()}, at::kDouble);
  ToyModel(run.layers).initialise(parameters, {}, run.seed);
  return parameters;
}

TEST(WeightAverage, IsTheClosedFormOfTheModelsThatWouldHaveBeenEvaluated) {
  for (const char* strategy : {"sync_sgd", "local_sgd", "staged", "easgd", "d_psgd", "slowmo"}) {
    for (const double decay : {0.3, 0.9}) {
      const auto plain = evaluated(every_step(strategy, 0.0));
      const auto averaged = evaluated(every_step(strategy, decay));
      ASSERT_EQ(averaged.size(), 20U);
      for (const auto& [step, found] : averaged) {
        at::Tensor expected = initial(every_step(strategy, 0.0)) * std::pow(decay, static_cast<double>(step));
        for (std::int64_t i = 1; i <= step; ++i) {
          expected += plain.at(i) * ((1.0 - decay) * std::pow(decay, static_cast<double>(step - i)));
        }
        EXPECT_LT((found - expected).abs().max().item<double>(), 1e-12) << strategy << " " << decay << " " << step;
      }
    }
  }
}

TEST(WeightAverage, LeavesTheTrainingAlone) {
  MemorySink plain, averaged;
  const RunOutcome without = every_step("local_sgd", 0.0).run(plain);
  const RunOutcome with = every_step("local_sgd", 0.9).run(averaged);
  EXPECT_EQ(plain.series("train_loss"), averaged.series("train_loss"));
  EXPECT_EQ(without.seconds, with.seconds);
  EXPECT_NE(without.params_sha256, with.params_sha256);
}

TEST(WeightAverage, SurvivesACheckpoint) {
  for (const char* strategy : {"sync_sgd", "local_sgd", "easgd"}) {
    ToyRun run = every_step(strategy, 0.9);
    const RunOutcome whole = run.run();
    run.checkpoint = (std::filesystem::temp_directory_path() / ("sac-ema-" + std::to_string(::getpid()))).string();
    run.checkpoint_every = 7;
    EXPECT_EQ(run.run().params_sha256, whole.params_sha256) << strategy;
    run.resume = true;
    run.slots = 1;
    EXPECT_EQ(run.run().params_sha256, whole.params_sha256) << strategy;
    std::filesystem::remove_all(run.checkpoint);
  }
}

}  // namespace
}  // namespace sac::test
