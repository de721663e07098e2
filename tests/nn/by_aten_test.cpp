// ATen's path, which every device but the CPU takes, against the loops on the same numbers.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "engine/nn/loss.h"
#include "tests/nn/replica.h"

namespace sac::test {
namespace {

struct Case {
  std::string label;
  std::string model;
  SampleShape sample;
  std::int64_t batch;
};

class ByAten : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] static Replica replica(const Numerics& numerics) {
    return Replica(make_model(GetParam().model, GetParam().sample, numerics));
  }
  [[nodiscard]] static Batch batch(at::ScalarType dtype, std::uint64_t seed = 7) {
    return random_batch(GetParam().batch, GetParam().sample, dtype, seed);
  }

  /// Three passes with a step between them, so that running statistics and reused memory count, too.
  static void expect_equal(Replica& ours, Replica& loops, double tolerance) {
    for (std::uint64_t step = 0; step < 3; ++step) {
      const Batch batch = ByAten::batch(loops.model->dtype(), step);
      const double loss = loops.network->compute_gradients(batch, {}).value();
      EXPECT_NEAR(ours.network->compute_gradients(batch, {}).value(), loss, tolerance * loss);
      EXPECT_LT(relative_error(ours.gradients, loops.gradients), 100.0 * tolerance) << "step " << step;
      EXPECT_LT(relative_error(ours.buffers, loops.buffers), tolerance) << "step " << step;
      loops.parameters.sub_(loops.gradients, 0.05);
      ours.parameters.copy_(loops.parameters);
    }
    const Batch batch = ByAten::batch(loops.model->dtype(), 9);
    const EvalSums expected = loops.network->evaluate(batch);
    const EvalSums sums = ours.network->evaluate(batch);
    EXPECT_NEAR(sums.loss, expected.loss, tolerance * expected.loss);
    EXPECT_EQ(sums.count, expected.count);
    EXPECT_LE(std::abs(sums.correct - expected.correct), tolerance < 1e-3 ? 0 : GetParam().batch);
  }
};

TEST_P(ByAten, EqualsTheLoopsInFloat64) {
  Replica ours = replica({at::kDouble, /*low=*/false, /*by_aten=*/true});
  Replica loops = replica(at::kDouble);
  expect_equal(ours, loops, 1e-12);
}

TEST_P(ByAten, EqualsTheLoopsInFloat32) {
  Replica ours = replica({at::kFloat, /*low=*/false, /*by_aten=*/true});
  Replica loops = replica(at::kFloat);
  expect_equal(ours, loops, 2e-5);
}

TEST_P(ByAten, Bfloat16PointsTheSameWay) {
  Replica ours = replica({at::kFloat, /*low=*/true});
  Replica loops = replica(at::kFloat);
  const double loss = loops.network->compute_gradients(batch(at::kFloat), {}).value();
  EXPECT_NEAR(ours.network->compute_gradients(batch(at::kFloat), {}).value(), loss, 0.05 * loss);
  const double cosine = at::dot(ours.gradients, loops.gradients).item<double>() /
                        (ours.gradients.norm() * loops.gradients.norm()).item<double>();
  EXPECT_GT(cosine, 0.95);
}

TEST_P(ByAten, CallsBackWithFinalGradients) {
  Replica ours = replica({at::kFloat, /*low=*/false, /*by_aten=*/true});
  const Layout& layout = ours.model->layout();
  auto expected = static_cast<int>(layout.layers.size());
  ours.network->compute_gradients(batch(at::kFloat), [&](int layer) {
    EXPECT_EQ(layer, --expected);
    const std::int64_t begin = layout.layers.at(static_cast<std::size_t>(layer)).parameters.begin;
    EXPECT_FALSE(ours.gradients.slice(0, begin).isnan().any().item<bool>());
  });
  EXPECT_EQ(expected, 0);
}

INSTANTIATE_TEST_SUITE_P(Models, ByAten,
                         testing::Values(Case{"linear", "linear", {1, 28, 28}, 8}, Case{"mlp", "mlp", {1, 28, 28}, 16},
                                         Case{"lenet_rgb", "lenet", {3, 32, 32}, 2}, Case{"cnn", "cnn", {1, 28, 28}, 4},
                                         Case{"cnn_odd", "cnn", {2, 19, 22}, 3},
                                         Case{"resnet20", "resnet20", {3, 16, 16}, 6},
                                         Case{"resnet20_odd", "resnet20", {1, 11, 9}, 4}),
                         [](const auto& instance) { return instance.param.label; });

TEST(CrossEntropyByAten, EqualsTheLoops) {
  const Batch batch = random_batch(9, {4, 1, 1}, at::kDouble, 3, 4);
  const at::Tensor logits = 40.0 * batch.inputs.flatten(1);
  const at::Tensor gradient = at::empty_like(logits);
  const at::Tensor expected = at::empty_like(logits);
  const double loss = cross_entropy(logits, batch.targets, expected);
  EXPECT_NEAR(cross_entropy_by_aten(logits, batch.targets, gradient).item<double>(), loss, 1e-12);
  EXPECT_LT(relative_error(gradient, expected), 1e-12);
  const EvalSums sums = cross_entropy_sums_by_aten(logits, batch.targets);
  const EvalSums expected_sums = cross_entropy_sums(logits, batch.targets);
  EXPECT_NEAR(sums.loss, expected_sums.loss, 1e-11);
  EXPECT_EQ(sums.correct, expected_sums.correct);
  EXPECT_EQ(sums.count, 9);
}

TEST(LossValue, AddsNumbersAndScalars) {
  LossValue sum;
  sum += LossValue(1.5);
  sum += LossValue(at::full({}, 0.25, at::kFloat));
  const LossValue kept = sum;
  sum += LossValue(at::full({}, 2.0, at::kDouble));
  sum += 1.0;
  EXPECT_EQ(sum.value(), 4.75);
  EXPECT_EQ(kept.value(), 1.75);
}

}  // namespace
}  // namespace sac::test
