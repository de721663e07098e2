#include "datasets/batches.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

#include "tests/datasets/fixture.h"

namespace sac {
namespace {

/// n images of 3x5x7 whose bytes run through all values; label i mod 4.
Examples images(std::int64_t n) {
  Examples examples{.inputs = at::empty({n, 3, 5, 7}, at::kByte), .targets = at::arange(n, at::kLong).remainder(4)};
  auto* pixel = examples.inputs.data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < examples.inputs.numel(); ++i) pixel[i] = static_cast<std::uint8_t>(i * 37 + i / 256);
  return examples;
}

const std::vector<double> kMean{0.49, 0.48, 0.44};
const std::vector<double> kStddev{0.25, 0.24, 0.26};

/// (x / 255 - mean) / stddev in double, element by element.
template <class T>
void expect_normalised(const Examples& from, const std::vector<std::int64_t>& samples, const at::Tensor& inputs,
                       double tolerance) {
  ASSERT_EQ(inputs.sizes(), at::IntArrayRef({static_cast<std::int64_t>(samples.size()), 3, 5, 7}));
  const auto* pixel = from.inputs.data_ptr<std::uint8_t>();
  const auto* got = inputs.data_ptr<T>();
  for (std::size_t row = 0; row < samples.size(); ++row) {
    for (std::int64_t i = 0; i < 105; ++i) {
      const auto channel = static_cast<std::size_t>(i / 35);
      const double expected = (pixel[samples[row] * 105 + i] / 255.0 - kMean[channel]) / kStddev[channel];
      ASSERT_NEAR(static_cast<double>(got[row * 105 + static_cast<std::size_t>(i)]), expected, tolerance);
    }
  }
}

TEST(Gather, NormalisesChosenImages) {
  const Examples examples = images(20);
  const std::vector<std::int64_t> samples{19, 0, 7, 7, 3};
  at::Tensor inputs;
  at::Tensor targets;
  gather(examples, {kMean, kStddev}, samples, at::kFloat, inputs, targets);
  expect_normalised<float>(examples, samples, inputs, 1e-6);
  for (std::size_t i = 0; i < samples.size(); ++i) EXPECT_EQ(targets.data_ptr<std::int64_t>()[i], samples[i] % 4);
  gather(examples, {kMean, kStddev}, samples, at::kDouble, inputs, targets);
  expect_normalised<double>(examples, samples, inputs, 1e-14);
}

TEST(Gather, OnlyScalesWithoutStatistics) {
  const Examples examples = images(2);
  at::Tensor inputs;
  at::Tensor targets;
  gather(examples, {}, std::vector<std::int64_t>{1}, at::kDouble, inputs, targets);
  EXPECT_DOUBLE_EQ(inputs.data_ptr<double>()[4], examples.inputs.data_ptr<std::uint8_t>()[105 + 4] / 255.0);
}

TEST(Gather, WritesIntoTensorsThatFit) {
  const Examples examples = images(20);
  at::Tensor inputs;
  at::Tensor targets;
  gather(examples, {kMean, kStddev}, std::vector<std::int64_t>{1, 2, 3}, at::kFloat, inputs, targets);
  const void* storage = inputs.data_ptr();
  const void* labels = targets.data_ptr();
  gather(examples, {kMean, kStddev}, std::vector<std::int64_t>{4, 5, 6}, at::kFloat, inputs, targets);
  EXPECT_EQ(inputs.data_ptr(), storage);
  EXPECT_EQ(targets.data_ptr(), labels);
  expect_normalised<float>(examples, {4, 5, 6}, inputs, 1e-6);
  gather(examples, {kMean, kStddev}, std::vector<std::int64_t>{4}, at::kFloat, inputs, targets);
  EXPECT_EQ(targets.size(0), 1);
}

TEST(Gather, RangeEqualsTheSameIndices) {
  const Examples examples = images(20);
  at::Tensor chosen;
  at::Tensor range;
  at::Tensor targets;
  gather(examples, {kMean, kStddev}, std::vector<std::int64_t>{5, 6, 7, 8}, at::kFloat, chosen, targets);
  gather_range(examples, {kMean, kStddev}, 5, 9, at::kFloat, range, targets);
  EXPECT_TRUE(range.equal(chosen));
  EXPECT_EQ(targets.data_ptr<std::int64_t>()[3], 0);
}

TEST(Gather, TakesFeaturesAsTheyAre) {
  const Examples examples{.inputs = at::arange(12, at::kFloat).view({4, 3}), .targets = at::arange(4, at::kLong)};
  at::Tensor inputs;
  at::Tensor targets;
  gather(examples, {}, std::vector<std::int64_t>{3, 1}, at::kFloat, inputs, targets);
  ASSERT_EQ(inputs.sizes(), at::IntArrayRef({2, 3}));
  EXPECT_EQ(inputs.data_ptr<float>()[0], 9.0F);
  EXPECT_EQ(inputs.data_ptr<float>()[5], 5.0F);
  gather_range(examples, {}, 1, 3, at::kDouble, inputs, targets);
  EXPECT_EQ(inputs.data_ptr<double>()[0], 3.0);
}

TEST(Gather, RefusesSamplesThatAreNotThere) {
  const Examples examples = images(4);
  at::Tensor inputs;
  at::Tensor targets;
  const auto take = [&](std::int64_t sample) {
    gather(examples, {}, std::vector<std::int64_t>{sample}, at::kFloat, inputs, targets);
  };
  EXPECT_THROW(take(4), std::out_of_range);
  EXPECT_THROW(take(-1), std::out_of_range);
  EXPECT_THROW(gather_range(examples, {}, 2, 5, at::kFloat, inputs, targets), std::out_of_range);
}

}  // namespace
}  // namespace sac
