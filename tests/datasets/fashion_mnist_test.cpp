#include <cmath>

#include "datasets/load.h"
#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// The real thing, which set-up installs: a missing one fails these tests with the message that says how to get it.
class FashionMnistTest : public ::testing::Test {
 protected:
  static Dataset load(const ValueMap& given) {
    return load_dataset("fashion_mnist", Options(data_options("fashion_mnist"), given, "data"), {});
  }
};

TEST_F(FashionMnistTest, IsComplete) {
  const Dataset data = load({});
  EXPECT_EQ(data.train.inputs.sizes(), at::IntArrayRef({60000, 1, 28, 28}));
  EXPECT_EQ(data.test.inputs.sizes(), at::IntArrayRef({10000, 1, 28, 28}));
  std::vector<int> count(10);
  for (std::int64_t i = 0; i < 60000; ++i) ++count[data.train.targets.data_ptr<std::int64_t>()[i]];
  EXPECT_EQ(count, std::vector<int>(10, 6000));
  EXPECT_EQ(data.hash.size(), 64U);
}

TEST_F(FashionMnistTest, StatedMeanAndDeviationAreItsOwn) {
  const Dataset data = load({});
  double sum = 0.0;
  double squares = 0.0;
  const auto* pixels = data.train.inputs.data_ptr<std::uint8_t>();
  const std::int64_t count = data.train.inputs.numel();
  for (std::int64_t i = 0; i < count; ++i) {
    sum += pixels[i];
    squares += pixels[i] * pixels[i];
  }
  const double mean = sum / static_cast<double>(count);
  EXPECT_NEAR(mean / 255.0, data.mean[0], 1e-5);
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(count) - mean * mean) / 255.0, data.stddev[0], 1e-5);
}

TEST_F(FashionMnistTest, LimitsKeepTheFirstSamples) {
  const Dataset all = load({});
  const Dataset some = load({{"train_limit", std::int64_t{7}}, {"test_limit", std::int64_t{3}}});
  EXPECT_TRUE(some.train.inputs.equal(all.train.inputs.narrow(0, 0, 7)));
  EXPECT_TRUE(some.train.targets.equal(all.train.targets.narrow(0, 0, 7)));
  EXPECT_EQ(some.test.size(), 3);
  EXPECT_EQ(some.hash, all.hash);
}

TEST_F(FashionMnistTest, RefusesALimitAboveItsSize) {
  EXPECT_THAT(test::message_of<ConfigError>([] {
                load({{"train_limit", std::int64_t{60001}}});
              }),
              AllOf(HasSubstr("data.train_limit = 60001"), HasSubstr("[0, 60000]")));
}

}  // namespace
}  // namespace sac
