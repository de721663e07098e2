#include "engine/core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace sac {
namespace {

using Block = std::array<std::uint32_t, 4>;

/// The known-answer vectors for philox4x32-10 that come with Random123.
TEST(Philox, MatchesTheKnownAnswers) {
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, IsAFunctionOfSeedRankAndPurpose) {
  const auto first = [](std::uint64_t seed, std::uint32_t rank, Purpose purpose) {
    return RandomStream(seed, rank, purpose).next();
  };
  const std::uint64_t base = first(1, 0, Purpose::kOrder);
  EXPECT_EQ(first(1, 0, Purpose::kOrder), base);
  EXPECT_NE(first(2, 0, Purpose::kOrder), base);
  EXPECT_NE(first(1 + (std::uint64_t{1} << 32), 0, Purpose::kOrder), base);
  EXPECT_NE(first(1, 1, Purpose::kOrder), base);
  EXPECT_NE(first(1, 0, Purpose::kDropout), base);
}

TEST(RandomStream, ContinuesFromAStoredPosition) {
  RandomStream stream(9, 4, Purpose::kComputeTime);
  for (int i = 0; i < 10; ++i) stream.gamma(0.3);
  RandomStream resumed(9, 4, Purpose::kComputeTime);
  resumed.seek(stream.position());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(resumed.normal(), stream.normal());
}

TEST(RandomStream, BelowStaysInRange) {
  RandomStream stream(3, 0, Purpose::kPartition);
  EXPECT_EQ(stream.below(1), 0U);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(stream.below(7), 7U);
  for (int i = 0; i < 100; ++i) stream.below(std::numeric_limits<std::uint64_t>::max());
}

/// What a distribution should have, checked to five standard errors of 200,000 draws.
struct Moments {
  const char* name;
  std::function<double(RandomStream&)> draw;
  double mean;
  double variance;
  double fourth;  ///< central moment, for the standard error of the variance
  double least;
};

void PrintTo(const Moments& moments, std::ostream* out) { *out << moments.name; }

class Distribution : public testing::TestWithParam<Moments> {};

TEST_P(Distribution, HasItsMoments) {
  constexpr int kDraws = 200'000;
  const Moments& expected = GetParam();
  RandomStream stream(2024, 1, Purpose::kStrategy);
  double sum = 0.0;
  double squares = 0.0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = expected.draw(stream);
    ASSERT_TRUE(std::isfinite(x));
    ASSERT_GE(x, expected.least);
    sum += x - expected.mean;
    squares += (x - expected.mean) * (x - expected.mean);
  }
  const double variance = expected.variance;
  EXPECT_NEAR(sum / kDraws, 0.0, 5.0 * std::sqrt(variance / kDraws));
  EXPECT_NEAR(squares / kDraws, variance, 5.0 * std::sqrt((expected.fourth - variance * variance) / kDraws));
}

/// Gamma(k) has variance k and fourth central moment 3 k^2 + 6 k.
Moments gamma_moments(const char* name, double shape) {
  return {name, [shape](RandomStream& s) { return s.gamma(shape); }, shape, shape, 3 * shape * shape + 6 * shape, 0.0};
}

constexpr double kAnything = -std::numeric_limits<double>::infinity();
INSTANTIATE_TEST_SUITE_P(
    RandomStream, Distribution,
    testing::Values(Moments{"uniform", [](RandomStream& s) { return s.uniform(); }, 0.5, 1.0 / 12, 1.0 / 80, 0.0},
                    Moments{"normal", [](RandomStream& s) { return s.normal(); }, 0.0, 1.0, 3.0, kAnything},
                    Moments{"exponential", [](RandomStream& s) { return s.exponential(); }, 1.0, 1.0, 9.0, 0.0},
                    Moments{"below", [](RandomStream& s) { return static_cast<double>(s.below(11)); }, 5.0, 10.0, 178.0,
                            0.0},
                    gamma_moments("gamma_0_3", 0.3), gamma_moments("gamma_1", 1.0), gamma_moments("gamma_7_5", 7.5)),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace sac
