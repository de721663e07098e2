#include "engine/optim/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "engine/core/error.h"

namespace sac::test {
namespace {

using testing::ThrowsMessage;

LearningRate schedule(const ValueMap& options, std::int64_t total_steps = 100) {
  return LearningRate(Options(schedule_options(), options, "optimizer", "optimizer."), total_steps);
}

TEST(LearningRate, IsConstantByDefault) {
  const LearningRate rate = schedule({});
  EXPECT_EQ(rate.at(0), 0.1);
  EXPECT_EQ(rate.at(1000000), 0.1);
}

TEST(LearningRate, ChangesAtGivenSteps) {
  const LearningRate rate = schedule({{"lr", 1.0}, {"schedule", std::string("step")}, {"step_at", Ints{150, 225}}});
  EXPECT_EQ(rate.at(149), 1.0);
  EXPECT_DOUBLE_EQ(rate.at(150), 0.1);
  EXPECT_DOUBLE_EQ(rate.at(224), 0.1);
  EXPECT_DOUBLE_EQ(rate.at(1000), 0.01);
  EXPECT_THAT(
      [] {
        schedule({{"step_at", Ints{5, 5}}});
      },
      ThrowsMessage<ConfigError>("optimizer.step_at = [5, 5] must rise from step to step"));
}

TEST(LearningRate, WarmsUpLinearly) {
  const LearningRate rate = schedule({{"lr", 1.0}, {"warmup_steps", std::int64_t{4}}});
  for (const std::int64_t step : {0, 1, 2, 3, 4}) EXPECT_DOUBLE_EQ(rate.at(step), 0.2 * (step + 1.0));
  EXPECT_EQ(rate.at(5), 1.0);
}

TEST(LearningRate, StepsDown) {
  const LearningRate rate = schedule(
      {{"lr", 1.0}, {"schedule", std::string("step")}, {"step_every", std::int64_t{10}}, {"step_factor", 0.5}});
  EXPECT_EQ(rate.at(9), 1.0);
  EXPECT_EQ(rate.at(10), 0.5);
  EXPECT_EQ(rate.at(29), 0.25);
  EXPECT_EQ(rate.at(30), 0.125);
}

TEST(LearningRate, FollowsTheCosineFromTheWarmUpToTheEnd) {
  const LearningRate rate =
      schedule({{"lr", 1.0}, {"schedule", std::string("cosine")}, {"min_lr", 0.2}, {"warmup_steps", std::int64_t{20}}});
  EXPECT_DOUBLE_EQ(rate.at(0), 1.0 / 21.0);
  EXPECT_DOUBLE_EQ(rate.at(20), 1.0);
  EXPECT_DOUBLE_EQ(rate.at(40), 0.2 + 0.4 * (1.0 + std::cos(std::numbers::pi / 4.0)));
  EXPECT_DOUBLE_EQ(rate.at(60), 0.6);
  EXPECT_DOUBLE_EQ(rate.at(100), 0.2);
  EXPECT_DOUBLE_EQ(rate.at(200), 0.2);
}

TEST(LearningRate, SurvivesAWarmUpLongerThanTheRun) {
  const LearningRate rate = schedule({{"schedule", std::string("cosine")}, {"warmup_steps", std::int64_t{50}}}, 10);
  for (std::int64_t step = 0; step < 10; ++step) EXPECT_GT(rate.at(step), 0.0);
}

TEST(LearningRate, RefusesImpossibleOptions) {
  EXPECT_THAT(
      [] {
        schedule({{"schedule", std::string("cosine")}, {"min_lr", 0.5}});
      },
      ThrowsMessage<ConfigError>("optimizer.min_lr = 0.5 exceeds optimizer.lr = 0.1; it must be in [0, 0.1]"));
  for (const double lr : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(schedule({{"lr", lr}}), ConfigError) << lr;
  }
  EXPECT_THROW(schedule({{"schedule", std::string("cosin")}}), ConfigError);
  EXPECT_THROW(schedule({{"step_every", std::int64_t{0}}}), ConfigError);
  EXPECT_THROW(schedule({{"warmup_steps", std::int64_t{-1}}}), ConfigError);
}

}  // namespace
}  // namespace sac::test
