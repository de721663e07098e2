#include "engine/core/error.h"

#include <gtest/gtest.h>

namespace sac {
namespace {

const std::vector<std::string> kStrategies{"async_sgd", "local_sgd", "staged", "sync_sgd"};

TEST(Nearest, FindsTheClosestChoice) {
  EXPECT_EQ(nearest("sync_sg", kStrategies), "sync_sgd");
  EXPECT_EQ(nearest("sgaged", kStrategies), "staged");
  EXPECT_EQ(nearest("staged", kStrategies), "staged");
}

TEST(Nearest, IsEmptyWhenNothingIsNear) {
  EXPECT_EQ(nearest("resnet", kStrategies), "");
  EXPECT_EQ(nearest("x", {}), "");
  EXPECT_EQ(nearest(std::string(50'000'000, 'a'), kStrategies), "");
}

TEST(Nearest, AllowsAThirdOfALongName) {
  const std::vector<std::string> keys{"bandwidth_Bps"};
  EXPECT_EQ(nearest("bandwith_bps", keys), "bandwidth_Bps");
  EXPECT_EQ(nearest("bdwdth_Bps", keys), "bandwidth_Bps");
  EXPECT_EQ(nearest("latency_s", keys), "");
}

TEST(UnknownName, NamesThingValueAndChoices) {
  EXPECT_EQ(unknown_name("strategy", "sync_sg", kStrategies),
            "unknown strategy 'sync_sg'; did you mean 'sync_sgd'? choices: async_sgd, local_sgd, staged, sync_sgd");
  EXPECT_EQ(unknown_name("strategy", "resnet", kStrategies),
            "unknown strategy 'resnet'; choices: async_sgd, local_sgd, staged, sync_sgd");
}

TEST(UnknownName, StaysShortForAHugeName) {
  EXPECT_LT(unknown_name("strategy", std::string(50'000'000, 'a'), kStrategies).size(), 300U);
}

TEST(Join, PutsSeparatorsBetween) {
  EXPECT_EQ(join({}), "");
  EXPECT_EQ(join(kStrategies, "|"), "async_sgd|local_sgd|staged|sync_sgd");
}

TEST(Errors, CarryTheirExitCodes) {
  EXPECT_EQ(UsageError("x").exit_code(), ExitCode::kUsage);
  EXPECT_EQ(ConfigError("x").exit_code(), ExitCode::kUsage);
  EXPECT_EQ(DataError("x").exit_code(), ExitCode::kUsage);
  EXPECT_EQ(StoreError("x").exit_code(), ExitCode::kUsage);
  EXPECT_EQ(CommunicationError("x").exit_code(), ExitCode::kRunFailed);
  EXPECT_EQ(RunError("x").exit_code(), ExitCode::kRunFailed);
  EXPECT_STREQ(RunError("the message").what(), "the message");
}

TEST(ExitCodes, KeepTheirNumbers) {
  EXPECT_EQ(static_cast<int>(ExitCode::kUsage), 2);
  EXPECT_EQ(static_cast<int>(ExitCode::kResumable), 75);
  EXPECT_EQ(static_cast<int>(ExitCode::kInterrupted), 130);
}

}  // namespace
}  // namespace sac
