// Dropout: how much, of what, and that it goes by the samples' places alone.
#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/nn/layers.h"
#include "engine/parallel/parallel.h"
#include "tests/nn/replica.h"

namespace sac::test {
namespace {

constexpr std::uint64_t kSeed = 5;

struct Case {
  std::string label;
  std::string model;
  Numerics numerics;
  ValueMap options;
};

class Dropout : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] static Replica replica(double dropout = 0.3) {
    ValueMap options = GetParam().options;
    options["dropout"] = dropout;
    return Replica(make_model(GetParam().model, fitting_sample(GetParam().model), GetParam().numerics, options));
  }
  /// Samples [first, first + count) of a run.
  [[nodiscard]] static Batch batch(std::int64_t first, std::int64_t count, std::uint64_t seed = kSeed) {
    const Batch all = random_batch(12, fitting_sample(GetParam().model), GetParam().numerics.dtype);
    return {.inputs = all.inputs.narrow(0, first, count),
            .targets = all.targets.narrow(0, first, count),
            .place = {seed, /*stream=*/0, first}};
  }
};

TEST_P(Dropout, IsAFunctionOfSeedAndPlace) {
  Replica one = replica();
  Replica other = replica();
  const double loss = one.network->compute_gradients(batch(0, 8), {}).value();
  other.network->compute_gradients(batch(2, 8), {});
  EXPECT_EQ(other.network->compute_gradients(batch(0, 8), {}).value(), loss);
  EXPECT_TRUE(at::equal(one.gradients, other.gradients));
  EXPECT_NE(other.network->compute_gradients(batch(0, 8, kSeed + 1), {}).value(), loss);
  Batch elsewhere = batch(0, 8);
  elsewhere.place.first = 1;
  EXPECT_NE(other.network->compute_gradients(elsewhere, {}).value(), loss);
  EXPECT_NE(replica(0.0).network->compute_gradients(batch(0, 8), {}).value(), loss);
}

TEST_P(Dropout, PartsOfABatchGoTheWayOfTheWhole) {
  Replica whole = replica();
  whole.network->compute_gradients(batch(0, 12), {});
  Replica part = replica();
  at::Tensor mean = at::zeros_like(whole.gradients);
  for (const std::int64_t first : {0, 4, 8}) {
    part.network->compute_gradients(batch(first, 4), {});
    mean.add_(part.gradients, 1.0 / 3.0);
  }
  EXPECT_LT(relative_error(mean, whole.gradients), GetParam().numerics.dtype == at::kDouble ? 1e-12 : 1e-5);
}

TEST_P(Dropout, LeavesEvaluationAlone) {
  const Batch samples = batch(0, 8);
  const EvalSums with = replica().network->evaluate(samples);
  const EvalSums without = replica(0.0).network->evaluate(samples);
  EXPECT_EQ(with.loss, without.loss);
}

TEST_P(Dropout, ThreadsChangeNoBit) {
  Replica one = replica();
  one.network->compute_gradients(batch(0, 12), {});
  set_operation_threads(4);
  Replica four = replica();
  four.network->compute_gradients(batch(0, 12), {});
  set_operation_threads(1);
  EXPECT_TRUE(at::equal(one.gradients, four.gradients));
}

INSTANTIATE_TEST_SUITE_P(
    , Dropout,
    testing::Values(Case{"transformer_lm", "transformer_lm", at::kDouble, {{"layers", std::int64_t{2}}}},
                    Case{"bert", "bert", at::kDouble, {}}, Case{"bert_by_aten", "bert", {at::kDouble, false, true}, {}},
                    Case{"bert_float32", "bert", at::kFloat, {}}),
    [](const auto& test) { return test.param.label; });

TEST(DropoutLayer, ZeroesItsShareAndScalesTheRest) {
  constexpr double kProbability = 0.25;
  const SampleShape shape{37, 1, 101};
  const auto layer = dropout(shape, {kProbability, /*salt=*/3});
  const auto other = dropout(shape, {kProbability, /*salt=*/4});
  const at::Tensor input = at::ones({64, 1, 101, 37}, at::kDouble);
  LayerViews views;
  LayerSpace space;
  BatchContext batch;
  batch.place = {kSeed, 2, 7};
  const at::Tensor output = layer->forward({views, space, batch, true}, input);
  const at::Tensor gradient = layer->backward({views, space, batch, true}, input, true);
  EXPECT_TRUE(at::equal(gradient, output));
  const at::Tensor dropped = output.eq(0);
  EXPECT_TRUE(output.masked_select(dropped.logical_not()).eq(1.0 / (1.0 - kProbability)).all().item<bool>());
  const auto share_of = [](const at::Tensor& mask) { return mask.to(at::kDouble).mean().item<double>(); };
  const double deviation = std::sqrt(kProbability * (1.0 - kProbability) / static_cast<double>(input.numel()));
  EXPECT_NEAR(share_of(dropped), kProbability, 5.0 * deviation);
  // Samples, neighbours and layers drop independently.
  const at::Tensor flat = dropped.view({64, -1});
  const double both = kProbability * kProbability;
  EXPECT_NEAR(share_of(flat.narrow(0, 1, 63).logical_and(flat.narrow(0, 0, 63))), both, 8.0 * deviation);
  EXPECT_NEAR(share_of(flat.narrow(1, 1, 3000).logical_and(flat.narrow(1, 0, 3000))), both, 8.0 * deviation);
  const at::Tensor apart = other->forward({views, space, batch, true}, input).eq(0);
  EXPECT_NEAR(share_of(apart.logical_and(dropped)), both, 8.0 * deviation);
  EXPECT_TRUE(at::equal(layer->forward({views, space, batch, false}, input), input));
}

/// Against autograd through the same factors.
TEST(DroppingAttention, TakesTheSharesThatAreKept) {
  constexpr std::int64_t kHeads = 2, kTokens = 5, kWidth = 6, kSamples = 3;
  const DropRule rule{.probability = 0.4, .salt = 9};
  at::manual_seed(3);
  for (const bool causal : {false, true}) {
    const auto layer =
        attention({3 * kWidth, 1, kTokens}, kHeads, causal ? Attends::kBackwards : Attends::kEverywhere, rule);
    const at::Tensor input = at::randn({kSamples, 1, kTokens, 3 * kWidth}, at::kDouble);
    const at::Tensor slope = at::randn({kSamples, 1, kTokens, kWidth}, at::kDouble);
    LayerViews views;
    LayerSpace space;
    BatchContext batch;
    batch.place = {kSeed, 2, 7};
    batch.padding = at::zeros({kSamples, 1, 1, kTokens}, at::kDouble);
    batch.padding[1][0][0][kTokens - 1] = -std::numeric_limits<double>::infinity();

    at::Tensor leaf = input.clone().requires_grad_();
    const at::Tensor split = leaf.view({kSamples, kTokens, 3, kHeads, kWidth / kHeads}).permute({2, 0, 3, 1, 4});
    at::Tensor scores = split[0].matmul(split[1].transpose(2, 3)) / std::sqrt(kWidth / kHeads) + batch.padding;
    if (causal) {
      const at::Tensor later = at::ones({kTokens, kTokens}, at::kBool).triu(1);
      scores = scores.masked_fill(later, -std::numeric_limits<double>::infinity());
    }
    const at::Tensor factors = drop_factors(rule, batch.place, {kSamples, kHeads, kTokens, kTokens}, at::kDouble);
    EXPECT_GT(factors.eq(0).sum().item<std::int64_t>(), 0);
    const at::Tensor expected = (scores.softmax(3) * factors).matmul(split[2]).transpose(1, 2).reshape(slope.sizes());
    expected.backward(slope);

    space.input = input;
    for (const bool aten : {false, true}) {
      const Pass pass{views, space, batch, true, aten};
      EXPECT_LT(relative_error(layer->forward(pass, input), expected.detach()), 1e-12);
      EXPECT_LT(relative_error(layer->backward(pass, slope, true), leaf.grad()), 1e-12);
    }
  }
}

/// The loss is a smooth function of the parameters where the places stay: its slope along a direction is the
/// gradient's.
TEST(DropoutGradient, IsTheSlopeOfTheLoss) {
  const ValueMap options{{"dropout", 0.4}, {"width", std::int64_t{16}}, {"layers", std::int64_t{1}}};
  Replica replica(make_model("bert", fitting_sample("bert"), at::kDouble, options));
  Batch batch = random_batch(6, fitting_sample("bert"), at::kDouble);
  batch.place = {kSeed, 0, 40};
  replica.network->compute_gradients(batch, {});
  const at::Tensor direction = replica.gradients / replica.gradients.norm();
  const double slope = replica.gradients.dot(direction).item<double>();
  const at::Tensor start = replica.parameters.clone();
  constexpr double kStep = 1e-5;
  const auto loss_at = [&](double step) {
    replica.parameters.copy_(start + step * direction);
    return replica.network->compute_gradients(batch, {}).value();
  };
  EXPECT_NEAR((loss_at(kStep) - loss_at(-kStep)) / (2.0 * kStep), slope, 1e-6 * std::abs(slope));
}

}  // namespace
}  // namespace sac::test
