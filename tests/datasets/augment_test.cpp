#include "datasets/augment.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <set>

namespace sac {
namespace {

constexpr std::int64_t kSide = 6;

/// Pixel (c, y, x) is 100 c + 10 y + x + 1 in every sample.
at::Tensor numbered(std::int64_t batch) {
  const at::Tensor rows = at::arange(kSide, at::kDouble).mul_(10).view({kSide, 1}) + at::arange(kSide, at::kDouble) + 1;
  return (rows + at::arange(2, at::kDouble).mul_(100).view({2, 1, 1})).expand({batch, 2, kSide, kSide}).contiguous();
}

at::Tensor augmented(const Augmentation& augmentation, std::vector<std::int64_t> indices, std::int64_t step = 0,
                     std::uint64_t seed = 1) {
  const at::Tensor images = numbered(static_cast<std::int64_t>(indices.size()));
  augment(augmentation, {}, seed, step, indices, images);
  return images;
}

std::vector<std::int64_t> many(std::int64_t count) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) indices[static_cast<std::size_t>(i)] = i;
  return indices;
}

TEST(Augment, CropsAreAllWindowsOfThePaddedImage) {
  const at::Tensor padded = at::constant_pad_nd(numbered(1)[0], {1, 1, 1, 1});
  const at::Tensor images = augmented({.crop_padding = 1}, many(400));
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  for (const at::Tensor& image : images.unbind()) {
    for (std::int64_t y = 0; y < 3; ++y) {
      for (std::int64_t x = 0; x < 3; ++x) {
        if (at::equal(image, padded.narrow(1, y, kSide).narrow(2, x, kSide))) seen.insert({y, x});
      }
    }
  }
  EXPECT_EQ(seen.size(), 9U);
}

TEST(Augment, PaddingIsBlackAlsoAfterNormalisation) {
  const double mean[] = {0.5, 0.25};
  const double stddev[] = {0.5, 0.5};
  const std::vector<std::int64_t> indices = many(50);
  const at::Tensor images = at::full({50, 2, 3, 3}, 7.0, at::kFloat);
  augment({.crop_padding = 1}, {mean, stddev}, 1, 0, indices, images);
  const at::Tensor red = images.select(1, 0);
  const at::Tensor green = images.select(1, 1);
  EXPECT_TRUE(red.eq(7.0).logical_or(red.eq(-1.0)).all().item<bool>());
  EXPECT_TRUE(green.eq(7.0).logical_or(green.eq(-0.5)).all().item<bool>());
  EXPECT_TRUE(at::equal(red.eq(7.0), green.eq(7.0)));
  EXPECT_TRUE(red.eq(-1.0).any().item<bool>());
}

TEST(Augment, FlipsHalfOfTheImages) {
  const at::Tensor image = numbered(1)[0];
  const at::Tensor mirrored = image.flip({2});
  int flipped = 0;
  for (const at::Tensor& one : augmented({.flip = true}, many(1000)).unbind()) {
    ASSERT_TRUE(at::equal(one, image) || at::equal(one, mirrored));
    if (at::equal(one, mirrored)) ++flipped;
  }
  EXPECT_NEAR(flipped, 500, 60);
}

TEST(Augment, CutsOutASquareOfAllChannels) {
  for (const at::Tensor& one : augmented({.cutout = 3}, many(100)).unbind()) {
    const at::Tensor cut = one.eq(0.0);
    EXPECT_TRUE(at::equal(cut[0], cut[1]));
    const std::int64_t rows = cut[0].any(1).sum().item<std::int64_t>();
    const std::int64_t columns = cut[0].any(0).sum().item<std::int64_t>();
    EXPECT_EQ(cut[0].sum().item<std::int64_t>(), rows * columns);
    EXPECT_TRUE(rows >= 2 && rows <= 3 && columns >= 2 && columns <= 3);
  }
}

TEST(Augment, DrawsByStepAndSampleAlone) {
  const Augmentation all{.crop_padding = 2, .flip = true, .cutout = 2};
  const at::Tensor whole = augmented(all, {3, 8, 5, 11}, 4);
  EXPECT_TRUE(at::equal(augmented(all, {5, 11}, 4), whole.narrow(0, 2, 2)));
  EXPECT_FALSE(at::equal(augmented(all, {3, 8, 5, 11}, 5), whole));
  EXPECT_FALSE(at::equal(augmented(all, {3, 8, 5, 11}, 4, 2), whole));
}

TEST(Labels, SmoothedSharesSumToOne) {
  const std::int64_t labels[] = {2, 0};
  const at::Tensor targets = at::tensor(at::ArrayRef<std::int64_t>(labels), at::kLong);
  const at::Tensor shares = class_shares(targets, 4, 0.2, at::kDouble);
  EXPECT_NEAR(shares[0][2].item<double>(), 0.85, 1e-15);
  EXPECT_NEAR(shares[0][1].item<double>(), 0.05, 1e-15);
  EXPECT_TRUE(at::allclose(shares.sum(1), at::ones({2}, at::kDouble)));
  EXPECT_TRUE(at::equal(class_shares(targets, 4, 0.0, at::kDouble).argmax(1), targets));
}

TEST(Labels, MixupTakesTheSameShareOfInputsAndLabels) {
  double sum = 0.0;
  for (std::int64_t step = 0; step < 200; ++step) {
    at::Tensor inputs = at::eye(2, at::kDouble);
    at::Tensor shares = at::eye(2, at::kDouble);
    mix_up(1.0, 7, 0, step, inputs, shares);
    ASSERT_TRUE(at::equal(inputs, shares));
    ASSERT_NEAR(inputs[0].sum().item<double>(), 1.0, 1e-12);
    sum += inputs[0][0].item<double>();
  }
  EXPECT_NEAR(sum / 200.0, 0.5, 0.08);  // Beta(1, 1) is uniform
}

}  // namespace
}  // namespace sac
