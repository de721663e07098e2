#include "engine/core/batch_schedule.h"

#include <gtest/gtest.h>

namespace sac {
namespace {

TEST(BatchSchedule, GrowsLinearlyThenStays) {
  const BatchSchedule batches(8, 32, 6);
  const std::vector<std::int64_t> expected{8, 12, 16, 20, 24, 28, 32, 32, 32};
  for (std::size_t step = 0; step < expected.size(); ++step) {
    EXPECT_EQ(batches.at(static_cast<std::int64_t>(step)), expected[step]) << step;
  }
  EXPECT_EQ(BatchSchedule(1, 3, 7).at(6), 2);
  EXPECT_EQ(batches.share(0), 0.25);
  EXPECT_EQ(batches.share(6), 1.0);
}

TEST(BatchSchedule, TheSumOfSamplesIsExact) {
  for (const std::int64_t size : {1, 2, 7, 32, 100}) {
    for (const std::int64_t start : {std::int64_t{1}, (size + 1) / 2, size}) {
      for (const std::int64_t warmup : {0, 1, 2, 3, 10, 97}) {
        const BatchSchedule batches(start, size, warmup);
        std::int64_t sum = 0;
        for (std::int64_t step = 0; step < 120; ++step) {
          ASSERT_EQ(batches.before(step), sum) << start << " to " << size << " in " << warmup << ", step " << step;
          sum += batches.at(step);
        }
      }
    }
  }
}

TEST(BatchSchedule, LongOnesDoNotOverflow) {
  const std::int64_t warmup = 1'000'000'000;
  const std::int64_t size = 1 << 24;
  const BatchSchedule batches(1, size, warmup);
  // t runs over whole periods of the floor: the mean of b is that of its ends, but for the lost fractions.
  const double mean = static_cast<double>(batches.before(warmup)) / static_cast<double>(warmup);
  EXPECT_NEAR(mean, 0.5 * static_cast<double>(size), 2.0);
}

TEST(BatchSchedule, StepsForAreTheFewest) {
  for (const BatchSchedule& batches : {BatchSchedule(5), BatchSchedule(2, 9, 13), BatchSchedule(9, 9, 4)}) {
    for (std::int64_t samples = 0; samples < 400; ++samples) {
      const std::int64_t steps = batches.steps_for(static_cast<double>(samples), 3);
      ASSERT_GE(batches.before(steps) * 3, samples);
      if (steps > 0) {
        ASSERT_LT(batches.before(steps - 1) * 3, samples);
      }
    }
  }
}

TEST(BatchSchedule, FromItsSizeItIsConstant) {
  for (const BatchSchedule& batches : {BatchSchedule(32), BatchSchedule(32, 32, 100), BatchSchedule(0, 32, 0)}) {
    EXPECT_FALSE(batches.grows());
    EXPECT_EQ(batches.at(0), 32);
    EXPECT_EQ(batches.before(10), 320);
    EXPECT_EQ(batches.share(3), 1.0);
  }
}

}  // namespace
}  // namespace sac
