#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "engine/core/random.h"

namespace sac {
namespace {

std::vector<std::uint64_t> images(const Permutation& permutation, std::uint64_t n) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t i = 0; i < n; ++i) out.push_back(permutation(i));
  return out;
}

bool is_bijection(std::vector<std::uint64_t> images) {
  std::vector<std::uint64_t> identity(images.size());
  std::iota(identity.begin(), identity.end(), std::uint64_t{0});
  std::sort(images.begin(), images.end());
  return images == identity;
}

TEST(Permutation, IsABijectionForEverySmallSize) {
  for (std::uint64_t n = 1; n <= 200; ++n) {
    EXPECT_TRUE(is_bijection(images(Permutation(n, 7, 3, n), n))) << "n = " << n;
  }
}

TEST(Permutation, IsABijectionForADataSet) { EXPECT_TRUE(is_bijection(images(Permutation(60000, 1, 0, 5), 60000))); }

TEST(Permutation, IsAFunctionOfItsKey) {
  const auto base = images(Permutation(1000, 1, 2, 3), 1000);
  EXPECT_EQ(images(Permutation(1000, 1, 2, 3), 1000), base);
  EXPECT_NE(images(Permutation(1000, 2, 2, 3), 1000), base);
  EXPECT_NE(images(Permutation(1000, 1, 3, 3), 1000), base);
  EXPECT_NE(images(Permutation(1000, 1, 2, 4), 1000), base);
  EXPECT_NE(images(Permutation(1000, 1 + (std::uint64_t{1} << 32), 2, 3), 1000), base);
}

/// Over many keys, every index should land everywhere equally often: chi-squared with (n - 1)^2 degrees of freedom.
TEST(Permutation, SpreadsEvenlyOverKeys) {
  constexpr std::uint64_t kSize = 12;
  constexpr std::uint64_t kKeys = 12000;
  std::vector<double> counts(kSize * kSize);
  for (std::uint64_t epoch = 0; epoch < kKeys; ++epoch) {
    const Permutation permutation(kSize, 42, 0, epoch);
    for (std::uint64_t i = 0; i < kSize; ++i) counts[i * kSize + permutation(i)] += 1.0;
  }
  const double expected = static_cast<double>(kKeys) / kSize;
  double chi_squared = 0.0;
  for (const double count : counts) chi_squared += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_squared, 121.0 + 5.0 * 15.6);
}

}  // namespace
}  // namespace sac
