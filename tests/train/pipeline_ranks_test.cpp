// Pipelines on real ranks over Gloo.
#include <gtest/gtest.h>

#include "tests/fabric/ranks.h"
#include "tests/support/model_run.h"

namespace sac::test {
namespace {

struct Case {
  const char* strategy;
  ValueMap options;
  std::int64_t stages;
  std::int64_t replicas;
  bool gpipe;
};

void expect_virtual_course(const Case& given) {
  ModelRun run{.model_options = {{"hidden", Ints{20, 15}}},
               .strategy = given.strategy,
               .options = given.options,
               .replicas = given.replicas,
               .steps = 12};
  run.pipeline = {.stages = given.stages, .micro_batches = 4, .gpipe = given.gpipe};
  const ModelEnd simulated = end_of(run);
  at::Tensor real;
  run.evaluated = [&](std::int64_t, const at::Tensor& parameters, const at::Tensor&) { real = parameters.clone(); };
  RunOutcome outcome;
  MemorySink sink;
  on_ranks(static_cast<int>(run.workers()), [&](const Launch& launch) {
    MemorySink unused;
    GroupExecutor executor(launch, {.timeout = Seconds(30.0)});
    RunOutcome mine = executor.run(run.job(), launch.rank == 0 ? sink : unused);
    if (launch.rank == 0) outcome = std::move(mine);
  });
  ASSERT_TRUE(real.defined());
  EXPECT_LT(distance(real, simulated.parameters), 1e-12);
  EXPECT_NEAR(*outcome.train_loss, *simulated.outcome.train_loss, 1e-12);
  EXPECT_EQ(sink.series("bubble").size(), 12U);
  for (std::size_t rank = 0; rank < outcome.workers.size(); ++rank) {
    EXPECT_EQ(outcome.workers[rank].payload_bytes, simulated.outcome.workers[rank].payload_bytes);
  }
}

TEST(PipelineOnRanks, TakesItsVirtualCourse) {
  expect_virtual_course({"sync_sgd", {{"overlap", true}, {"bucket_mib", 1e-4}}, 2, 2, false});
  expect_virtual_course({"local_sgd", {{"period", std::int64_t{5}}}, 2, 2, true});
  expect_virtual_course({"sync_sgd", {}, 3, 1, false});
}

}  // namespace
}  // namespace sac::test
