#include "engine/fabric/virtual/measured_cost.h"

#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/support/toy.h"

namespace sac {
namespace {

using ::testing::HasSubstr;

std::string message(const Doubles& triples) {
  try {
    const MeasuredCost cost(triples, "cluster.network.all_reduce");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(MeasuredCost, StraightLinesBetweenAndTheLastSlopeBeyond) {
  const MeasuredCost cost({100, 1.0, 1.5, 200, 3.0, 3.5, 400, 4.0, 4.5}, "all_reduce");
  EXPECT_DOUBLE_EQ(cost.back_to_back(0), 1.0);
  EXPECT_DOUBLE_EQ(cost.back_to_back(150), 2.0);
  EXPECT_DOUBLE_EQ(cost.back_to_back(200), 3.0);
  EXPECT_DOUBLE_EQ(cost.back_to_back(300), 3.5);
  EXPECT_DOUBLE_EQ(cost.rested(800), 6.5);
}

TEST(MeasuredCost, ARestIsUsedUpSecondForSecond) {
  const MeasuredCost cost({100, 1.0, 0.4, 200, 2.0, 1.4}, "all_reduce");
  double rest = 0.25;
  EXPECT_DOUBLE_EQ(cost.seconds(200, rest), 1.75);
  EXPECT_DOUBLE_EQ(rest, 0.0);
  EXPECT_DOUBLE_EQ(cost.seconds(200, rest), 2.0);
  rest = 100.0;
  EXPECT_DOUBLE_EQ(cost.seconds(200, rest), 1.4);
  EXPECT_NEAR(rest, 0.0, 1e-12);
}

TEST(MeasuredCost, ARestMayAlsoMakeLinksSlower) {
  const MeasuredCost cost({100, 1.0, 1.2}, "all_reduce");
  double rest = 5.0;
  EXPECT_DOUBLE_EQ(cost.seconds(100, rest), 1.2);
  EXPECT_NEAR(cost.seconds(100, rest), 1.0, 1e-12);
}

TEST(MeasuredCost, RefusesWhatIsNoTable) {
  EXPECT_THAT(message({1, 2}), HasSubstr("cluster.network.all_reduce has 2 numbers; it needs three a size"));
  EXPECT_THAT(message({8, 1, 1, 8, 2, 2}), HasSubstr("bytes must ascend, but 8 follows 8"));
  EXPECT_EQ(message({}), "no error");
}

namespace test_run {

RunOutcome with_table(std::int64_t workers, std::int64_t measured_workers) {
  test::ToyRun run;
  run.workers = workers;
  run.steps = 3;
  run.network.measured = {.all_reduce = MeasuredCost({152, 0.5, 0.5}, "all_reduce"), .workers = measured_workers};
  return run.run();
}

}  // namespace test_run

TEST(MeasuredCost, ReplacesTheClosedFormsSecondsButNotItsBytes) {
  const RunOutcome outcome = test_run::with_table(4, 4);  // 19 doubles are 152 bytes
  EXPECT_NEAR(outcome.seconds, 3 * (0.01 + 0.5), 1e-12);
  std::int64_t wire = 0;
  for (const WorkerTotals& worker : outcome.workers) wire += worker.wire_bytes;
  EXPECT_EQ(wire, 3 * 2 * 3 * 152);
}

TEST(MeasuredCost, IsScaledByTheClosedFormForOtherNumbersOfWorkers) {
  const auto ring = [](double p) { return 2 * (p - 1) * 1e-3 + 2 * (p - 1) / p * 152 / 1e5; };
  EXPECT_NEAR(test_run::with_table(8, 4).seconds, 3 * (0.01 + 0.5 * ring(8) / ring(4)), 1e-12);
}

TEST(MeasuredCost, AMessageTakesItsTablesTimeToo) {
  class Pass final : public Strategy {
   public:
    void step(Worker& worker) override {
      const at::Tensor tensor = at::zeros({100}, at::TensorOptions(at::kDouble));
      if (worker.rank() == 0) worker.comm().send(tensor, 1);
      if (worker.rank() == 1) worker.comm().recv(tensor, 0);
    }
  };
  test::ToyRun run;
  run.workers = 2;
  run.steps = 1;
  run.custom = [] { return std::make_unique<Pass>(); };
  run.network.measured = {.send = MeasuredCost({800, 0.125, 0.125}, "send"), .workers = 2};
  EXPECT_NEAR(run.run().seconds, 0.125, 1e-12);
}

}  // namespace
}  // namespace sac
