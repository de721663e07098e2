#include "results/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sac {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

/// The reference numbers are scipy's: stats.t.ppf and stats.permutation_test(permutation_type="samples").
TEST(StatisticsTest, SummaryMatchesScipy) {
  const std::vector<double> values = {0.8712, 0.8695, 0.8731, 0.8702, 0.8689};
  const Summary summary = summarize(values);
  EXPECT_EQ(summary.n, 5U);
  EXPECT_NEAR(summary.mean, 0.87058, 1e-15);
  EXPECT_NEAR(summary.sd.value(), 0.0016483324907311475, 1e-15);
  EXPECT_NEAR(summary.half_width.value(), 0.0020466751108104055, 1e-15);
}

TEST(StatisticsTest, HalfWidthsFollowTheStudentQuantiles) {
  const std::vector<double> two = {0.0, 2.0};
  EXPECT_NEAR(summarize(two).half_width.value(), 12.706204736174694, 1e-12);
  const std::vector<double> three = {-1.0, 0.0, 1.0};
  EXPECT_NEAR(summarize(three).half_width.value(), 4.302652729749462 / std::sqrt(3.0), 1e-12);
}

TEST(StatisticsTest, OneValueHasNoInterval) {
  const std::vector<double> one = {3.0};
  EXPECT_EQ(summarize(one).mean, 3.0);
  EXPECT_FALSE(summarize(one).sd.has_value());
  EXPECT_FALSE(summarize(one).half_width.has_value());
  EXPECT_EQ(summarize({}).n, 0U);
}

TEST(StatisticsTest, ANonFiniteValueIsNotHidden) {
  const std::vector<double> values = {1.0, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_TRUE(std::isnan(summarize(values).mean));
  EXPECT_FALSE(summarize(values).half_width.has_value());
  EXPECT_FALSE(paired_difference(values, std::vector<double>{1.0, 1.0}).p.has_value());
}

TEST(StatisticsTest, PairedDifferenceMatchesScipy) {
  const std::vector<double> zero(6, 0.0);
  const std::vector<double> values = {0.3, -0.1, 0.25, 0.4, 0.05, 0.2};
  const PairedEffect effect = paired_difference(values, zero);
  EXPECT_NEAR(effect.estimate, 0.18333333333333335, 1e-15);
  EXPECT_NEAR(effect.interval->high - effect.estimate, 0.18967418195757133, 1e-14);
  EXPECT_EQ(effect.p, 0.09375);
  EXPECT_EQ(effect.smallest_p, 0.03125);
}

TEST(StatisticsTest, PairedRatioMatchesScipyOnLogarithms) {
  const std::vector<double> baseline = {12.1, 11.8, 12.6, 12.0, 12.3};
  const std::vector<double> values = {3.4, 3.1, 3.9, 3.3, 3.2};
  const PairedEffect effect = paired_ratio(values, baseline).value();
  EXPECT_NEAR(effect.estimate, 0.2771334646107239, 1e-14);
  EXPECT_NEAR(effect.interval->low, 0.25422242833440706, 1e-14);
  EXPECT_NEAR(effect.interval->high, 0.30210928953174765, 1e-14);
  EXPECT_EQ(effect.p, 0.0625);
  EXPECT_FALSE(paired_ratio(values, std::vector<double>{1, 1, 1, 1, 0}).has_value());
}

TEST(StatisticsTest, SignFlipsAreExactAndTiesCount) {
  EXPECT_EQ(sign_flip_p(std::vector<double>{1.0, 1.0, 1.0}), 0.25);
  EXPECT_EQ(sign_flip_p(std::vector<double>{1.0}), 1.0);
  EXPECT_EQ(sign_flip_p(std::vector<double>{0.0, 0.0}), 1.0);
  EXPECT_EQ(sign_flip_p(std::vector<double>{0.1, 0.2, -0.3}), 1.0) << "0.1 + 0.2 - 0.3 is 0 but for rounding";
  EXPECT_EQ(sign_flip_p(std::vector<double>(20, 0.1)), std::ldexp(1.0, -19));
  EXPECT_EQ(smallest_sign_flip_p(3), 0.25);
  EXPECT_EQ(smallest_sign_flip_p(1), 1.0);
}

TEST(StatisticsTest, ManyPairsAreSampledAndNeverGiveZero) {
  EXPECT_EQ(sign_flip_p(std::vector<double>(40, 1.0)), smallest_sign_flip_p(40));
  std::vector<double> balanced(40, 1.0);
  std::fill_n(balanced.begin(), 20, -1.0);
  EXPECT_EQ(sign_flip_p(balanced), 1.0);
}

TEST(StatisticsTest, HolmStepsDownAndStaysMonotone) {
  EXPECT_THAT(holm(std::vector<double>{0.01, 0.04, 0.03}),
              ElementsAre(DoubleNear(0.03, 1e-15), DoubleNear(0.06, 1e-15), DoubleNear(0.06, 1e-15)));
  EXPECT_THAT(holm(std::vector<double>{0.9, 0.8}), ElementsAre(1.0, 1.0));
  EXPECT_TRUE(holm({}).empty());
}

}  // namespace
}  // namespace sac
