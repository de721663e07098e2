#include "engine/core/units.h"

#include <gtest/gtest.h>

#include "engine/core/metric_sink.h"

namespace sac {
namespace {

TEST(Seconds, AddSubtractScaleAndCompare) {
  Seconds time(1.5);
  time += Seconds(0.5);
  time -= Seconds(1.0);
  EXPECT_EQ(time, Seconds(1.0));
  EXPECT_EQ(Seconds(3.0) - Seconds(1.0) + Seconds(2.0), Seconds(2.0) * 2.0);
  EXPECT_LT(Seconds(), Seconds(1e-9));
}

TEST(Bytes, AddAndCompare) {
  Bytes bytes(3);
  bytes += Bytes(4);
  EXPECT_EQ(bytes + Bytes(1), Bytes(8));
  EXPECT_GT(bytes, Bytes());
}

TEST(RunStatus, HasTheNamesThatTheStoreKeeps) {
  EXPECT_STREQ(status_name(RunStatus::kScheduled), "SCHEDULED");
  EXPECT_STREQ(status_name(RunStatus::kRunning), "RUNNING");
  EXPECT_STREQ(status_name(RunStatus::kFinished), "FINISHED");
  EXPECT_STREQ(status_name(RunStatus::kFailed), "FAILED");
  EXPECT_STREQ(status_name(RunStatus::kKilled), "KILLED");
}

}  // namespace
}  // namespace sac
