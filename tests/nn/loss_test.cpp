#include "engine/nn/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/nn/replica.h"

namespace sac::test {
namespace {

using testing::ThrowsMessage;

TEST(CrossEntropy, EqualsAten) {
  const Batch batch = random_batch(9, {4, 1, 1}, at::kDouble, 3, 4);
  const at::Tensor logits = (40.0 * batch.inputs.flatten(1)).set_requires_grad(true);
  const at::Tensor expected = at::cross_entropy_loss(logits, batch.targets);
  expected.backward();

  at::Tensor gradient = at::empty_like(logits);
  EXPECT_NEAR(cross_entropy(logits.detach(), batch.targets, gradient), expected.item<double>(), 1e-12);
  EXPECT_LT(relative_error(gradient, logits.grad()), 1e-12);

  const EvalSums sums = cross_entropy_sums(logits.detach(), batch.targets);
  EXPECT_NEAR(sums.loss, 9.0 * expected.item<double>(), 1e-11);
  EXPECT_EQ(sums.correct, logits.argmax(1).eq(batch.targets).sum().item<std::int64_t>());
  EXPECT_EQ(sums.count, 9);
}

TEST(CrossEntropy, LargeLogitsStayFinite) {
  const at::Tensor logits = at::full({1, 2}, 1e30);
  at::Tensor gradient = at::empty_like(logits);
  EXPECT_NEAR(cross_entropy(logits, at::zeros({1}, at::kLong), gradient), std::log(2.0), 1e-6);
}

TEST(CrossEntropy, RefusesATargetThatIsNoClass) {
  const at::Tensor logits = at::zeros({2, 3});
  at::Tensor gradient = at::empty_like(logits);
  const std::int64_t bad[] = {0, 3};
  const at::Tensor targets = at::tensor(at::ArrayRef<std::int64_t>(bad), at::kLong);
  const auto message = ThrowsMessage<DataError>("target 3 of sample 1 is no class; it must be in [0, 3)");
  EXPECT_THAT([&] { cross_entropy(logits, targets, gradient); }, message);
  EXPECT_THAT([&] { cross_entropy_sums(logits, targets); }, message);
}

TEST(SoftCrossEntropy, OfPlainLabelsIsThePlainOne) {
  const Batch batch = random_batch(9, {4, 1, 1}, at::kDouble, 3, 4);
  const at::Tensor logits = 3.0 * batch.inputs.flatten(1);
  const at::Tensor plain = at::empty_like(logits);
  const at::Tensor soft = at::empty_like(logits);
  const double loss = cross_entropy(logits, batch.targets, plain);
  const at::Tensor shares = at::one_hot(batch.targets, 4).to(at::kDouble);
  EXPECT_NEAR(soft_cross_entropy(logits, shares, soft).item<double>(), loss, 1e-12);
  EXPECT_LT(relative_error(soft, plain), 1e-12);
}

TEST(SoftCrossEntropy, EqualsAtensLabelSmoothing) {
  const Batch batch = random_batch(5, {4, 1, 1}, at::kDouble, 3, 4);
  const at::Tensor logits = (3.0 * batch.inputs.flatten(1)).set_requires_grad(true);
  const at::Tensor expected = at::cross_entropy_loss(logits, batch.targets, {}, at::Reduction::Mean, -100, 0.3);
  expected.backward();
  const at::Tensor gradient = at::empty_like(logits);
  const at::Tensor shares = at::one_hot(batch.targets, 4).to(at::kDouble).mul(0.7).add(0.3 / 4);
  EXPECT_NEAR(soft_cross_entropy(logits.detach(), shares, gradient).item<double>(), expected.item<double>(), 1e-12);
  EXPECT_LT(relative_error(gradient, logits.grad()), 1e-12);
}

}  // namespace
}  // namespace sac::test
