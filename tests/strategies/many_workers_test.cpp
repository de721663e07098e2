#include <gtest/gtest.h>

#include "tests/support/strategy_runs.h"

namespace sac::test {
namespace {

TEST(Strategies, SixtyFourWorkersLearnWithEveryStrategy) {
  // The step size is a worker's share of 0.1: what a server takes in 63 changes late does no harm then.
  ToyRun still = with("sync_sgd");
  still.lr = 1e-12;
  const double before = *still.run().loss;
  for (const std::string& name : Registry<StrategyEntry>::instance().names()) {
    ToyRun run = with(name);
    run.workers = 64;
    run.steps = 40;
    run.lr = 0.1 / 64;
    run.compute.model = "lognormal";
    const RunOutcome outcome = run.run();
    EXPECT_LT(*outcome.loss, before) << name;
    EXPECT_GT(*outcome.loss, 0.5 * before) << name << ": the targets' spread is more than half of it";
    EXPECT_EQ(outcome.workers.size(), 64U) << name;
  }
}

}  // namespace
}  // namespace sac::test
