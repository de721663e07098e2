#include "experiments/sweep.h"

#include "experiments/sweep_arguments.h"
#include "tests/experiments/fixture.h"

namespace sac {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SweepPlan plan_of(const SweepTable& table) {
  const std::vector<Layer> layers{read_spec_text(kTiny, "exp.toml")};
  return plan_sweep(layers, table);
}

Parameter list(const std::string& key, std::vector<Value> values) {
  return {.key = key, .origin = "test", .values = std::move(values)};
}

std::vector<std::string> described(const SweepPlan& plan) {
  std::vector<std::string> all;
  for (const SweepRun& run : plan.runs) {
    all.push_back(run.spec.choice("strategy") + " " + std::to_string(run.spec.workers()) + " " +
                  std::to_string(run.spec.seed()));
  }
  return all;
}

TEST(Sweep, WithoutParametersIsTheSpecAtEverySeed) {
  SweepTable table;
  EXPECT_THAT(described(plan_of(table)), ElementsAre("sync_sgd 4 0"));
  table.seeds = parse_seeds("5,3", "--seeds");
  EXPECT_THAT(described(plan_of(table)), ElementsAre("sync_sgd 4 5", "sync_sgd 4 3"));
}

TEST(Sweep, StrategiesTakeTurnsAndSeedsComeOneAfterTheOther) {
  SweepTable table;
  table.seeds = parse_seeds("2", "--seeds");
  table.parameters = {list("strategy.name", {std::string("sync_sgd"), std::string("staged")}),
                      list("cluster.workers", {std::int64_t{2}, std::int64_t{4}})};
  EXPECT_THAT(described(plan_of(table)), ElementsAre("sync_sgd 2 0", "staged 2 0", "sync_sgd 4 0", "staged 4 0",
                                                     "sync_sgd 2 1", "staged 2 1", "sync_sgd 4 1", "staged 4 1"));
}

TEST(Sweep, OneMoreParameterLeavesTheDrawsOfTheOthers) {
  SweepTable table;
  table.method = "random";
  table.run_cap = 4;
  table.parameters = {{.key = "optimizer.lr", .origin = "test", .distribution = "uniform", .min = 0.1, .max = 0.2}};
  const SweepPlan one = plan_of(table);
  table.parameters.push_back(list("cluster.workers", {std::int64_t{2}, std::int64_t{4}}));
  const SweepPlan two = plan_of(table);
  ASSERT_EQ(one.runs.size(), 4U);
  for (std::size_t place = 0; place < 4; ++place) {
    EXPECT_EQ(one.runs[place].varied[0], two.runs[place].varied[0]);
    const double lr = one.runs[place].spec.table("optimizer").number("lr");
    EXPECT_TRUE(lr >= 0.1 && lr < 0.2) << lr;
  }
}

TEST(Sweep, TooManyRunsAreRefusedBeforeTheyAreMade) {
  SweepTable table;
  for (const char* key : {"train.batch_size", "cluster.workers", "train.log_every"}) {
    Parameter parameter{.key = key, .origin = "test"};
    for (std::int64_t value = 1; value <= 100; ++value) parameter.values.emplace_back(value);
    table.parameters.push_back(parameter);
  }
  EXPECT_THAT(error_of([&] { plan_of(table); }), HasSubstr("more than 100000 runs"));
}

TEST(SweptAssignment, IsAListWhereTheKeyHoldsNone) {
  EXPECT_EQ(swept_assignment("optimizer.lr=0.1", "--set"), std::nullopt);
  EXPECT_EQ(swept_assignment("model.hidden=[64, 32]", "--set"), std::nullopt);
  EXPECT_THAT(swept_assignment("optimizer.lr=[0.1, 0.2]", "--set")->values, ElementsAre(Value(0.1), Value(0.2)));
  EXPECT_THAT(swept_assignment("model.hidden=[[64, 32], [8]]", "--set")->values,
              ElementsAre(Value(Ints{64, 32}), Value(Ints{8})));
  EXPECT_THAT(swept_assignment("strategy.name=[sync_sgd,\"staged\"]", "--set")->values,
              ElementsAre(Value(std::string("sync_sgd")), Value(std::string("staged"))));
  EXPECT_THAT(error_of([] { static_cast<void>(swept_assignment("optimizer.lr=[]", "--set")); }), HasSubstr("no value"));
}

TEST(Overrides, ReplaceAddAndFixParameters) {
  SweepTable table;
  table.parameters = {list("optimizer.lr", {0.1}), list("cluster.workers", {std::int64_t{2}})};
  const SweepTable changed =
      with_overrides(table, {.parameters = {list("optimizer.lr", {0.5, 0.6}), list("train.seed", {std::int64_t{9}})},
                             .fixed = {"cluster.workers"}});
  ASSERT_EQ(changed.parameters.size(), 1U);
  EXPECT_EQ(changed.parameters[0].values.size(), 2U);
  ASSERT_EQ(changed.seeds.size(), 1U);
  EXPECT_EQ(changed.seeds[0].value, Value(std::int64_t{9}));
}

}  // namespace
}  // namespace sac
