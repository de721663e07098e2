// Step for step against torch.optim, the reference.
#include "engine/optim/optimizer.h"

#include <ATen/ops/linalg_svdvals.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/optim/wrap.h"

namespace sac::test {
namespace {

using testing::ThrowsMessage;

constexpr std::int64_t kSize = 37;
const TensorShapes kShapes{{5, 6}, {7}};

at::Tensor values(std::uint64_t seed, at::ScalarType dtype) {
  RandomStream stream(seed, 0, Purpose::kSynthetic);
  at::Tensor result = torch::empty({kSize}, at::kDouble);
  for (std::int64_t i = 0; i < kSize; ++i) result.mutable_data_ptr<double>()[i] = stream.normal();
  return result.to(dtype);
}

OptimizerFactory factory(const std::string& name, const ValueMap& options = {}) {
  const OptimizerEntry& entry = Registry<OptimizerEntry>::instance().at(name);
  return entry.make(Options(entry.options, options, "optimizer '" + name + "'", "optimizer."), kShapes);
}

double learning_rate(int step) { return 0.1 / (1.0 + step); }

/// Twenty steps of both with changing gradients and step sizes; the largest relative difference of the parameters.
template <class Reference>
void expect_equal(const OptimizerFactory& make, Reference reference, const at::Tensor& leaf, at::ScalarType dtype,
                  double tolerance) {
  at::Tensor parameters = leaf.detach().clone();
  at::Tensor gradients = torch::empty_like(parameters);
  const auto optimizer = make(parameters, gradients);
  for (int step = 0; step < 20; ++step) {
    gradients.copy_(values(100 + static_cast<std::uint64_t>(step), dtype));
    leaf.mutable_grad() = gradients.clone();
    reference.param_groups()[0].options().set_lr(learning_rate(step));
    reference.step();
    optimizer->step(learning_rate(step));
    EXPECT_TRUE(torch::allclose(parameters, leaf.detach(), tolerance, tolerance)) << "step " << step;
  }
  EXPECT_EQ(optimizer->steps_done(), 20);
}

struct SgdCase {
  double momentum;
  bool nesterov;
  double weight_decay;
};

class Sgd : public testing::TestWithParam<SgdCase> {
 protected:
  static void compare(at::ScalarType dtype, double tolerance) {
    const auto [momentum, nesterov, weight_decay] = GetParam();
    const at::Tensor leaf = values(1, dtype).set_requires_grad(true);
    torch::optim::SGD reference(
        {leaf}, torch::optim::SGDOptions(0.1).momentum(momentum).nesterov(nesterov).weight_decay(weight_decay));
    const ValueMap options{{"momentum", momentum}, {"nesterov", nesterov}, {"weight_decay", weight_decay}};
    expect_equal(factory("sgd", options), std::move(reference), leaf, dtype, tolerance);
  }
};

TEST_P(Sgd, EqualsTorchInFloat64) { compare(at::kDouble, 1e-12); }
TEST_P(Sgd, EqualsTorchInFloat32) { compare(at::kFloat, 1e-5); }

INSTANTIATE_TEST_SUITE_P(Options, Sgd,
                         testing::Values(SgdCase{0.0, false, 0.0}, SgdCase{0.0, false, 0.05}, SgdCase{0.9, false, 0.0},
                                         SgdCase{0.9, true, 0.0}, SgdCase{0.9, false, 0.05}, SgdCase{0.9, true, 0.05}));

class AdamW : public testing::TestWithParam<double> {
 protected:
  static void compare(at::ScalarType dtype, double tolerance) {
    const at::Tensor leaf = values(1, dtype).set_requires_grad(true);
    torch::optim::AdamW reference({leaf}, torch::optim::AdamWOptions(0.1).weight_decay(GetParam()));
    expect_equal(factory("adamw", {{"weight_decay", GetParam()}}), std::move(reference), leaf, dtype, tolerance);
  }
};

TEST_P(AdamW, EqualsTorchInFloat64) { compare(at::kDouble, 1e-12); }
TEST_P(AdamW, EqualsTorchInFloat32) { compare(at::kFloat, 1e-5); }

class RmsProp : public testing::TestWithParam<double> {
 protected:
  static void compare(at::ScalarType dtype, double tolerance) {
    const at::Tensor leaf = values(1, dtype).set_requires_grad(true);
    torch::optim::RMSprop reference({leaf}, torch::optim::RMSpropOptions(0.1).momentum(GetParam()).weight_decay(0.05));
    expect_equal(factory("rmsprop", {{"momentum", GetParam()}, {"weight_decay", 0.05}}), std::move(reference), leaf,
                 dtype, tolerance);
  }
};

TEST_P(RmsProp, EqualsTorchInFloat64) { compare(at::kDouble, 1e-12); }
TEST_P(RmsProp, EqualsTorchInFloat32) { compare(at::kFloat, 1e-4); }

INSTANTIATE_TEST_SUITE_P(Momentum, RmsProp, testing::Values(0.0, 0.9));

TEST(RmsPropInside, FirstStepByHand) {
  at::Tensor parameters = torch::zeros({kSize}, at::kDouble);
  at::Tensor gradients = torch::full({kSize}, 2.0, at::kDouble);
  factory("rmsprop", {{"eps", 0.5}, {"eps_place", std::string("inside")}, {"decay", 0.9}})(parameters, gradients)
      ->step(1.0);
  EXPECT_NEAR(parameters[0].item<double>(), -2.0 / std::sqrt(0.1 * 4.0 + 0.5), 1e-12);
}

TEST(Lamb, StepsAreAShareOfEachTensorsLength) {
  at::Tensor parameters = values(1, at::kDouble);
  at::Tensor gradients = values(2, at::kDouble);
  const at::Tensor before = parameters.clone();
  const auto lamb = factory("lamb")(parameters, gradients);
  lamb->step(0.01);
  const at::Tensor moved = parameters - before;
  for (const auto& [begin, size] : {std::pair<int, int>{0, 30}, {30, 7}}) {
    EXPECT_NEAR(moved.narrow(0, begin, size).norm().item<double>(),
                0.01 * before.narrow(0, begin, size).norm().item<double>(), 1e-12);
  }
  const at::Tensor update = gradients.sign() * gradients.abs() / (gradients.abs() + 1e-6) + 0.01 * before;
  const at::Tensor matrix = update.narrow(0, 0, 30);
  EXPECT_TRUE(torch::allclose(moved.narrow(0, 0, 30), -0.01 * before.narrow(0, 0, 30).norm() / matrix.norm() * matrix,
                              1e-9, 1e-12));
}

TEST(Lamb, TensorsOfZerosMoveAsAdams) {
  at::Tensor parameters = torch::zeros({kSize}, at::kDouble);
  at::Tensor gradients = torch::ones({kSize}, at::kDouble);
  factory("lamb")(parameters, gradients)->step(0.1);
  EXPECT_NEAR(parameters[3].item<double>(), -0.1, 1e-6);
}

TEST(Muon, MatricesMoveOrthogonally) {
  at::Tensor parameters = torch::zeros({kSize}, at::kDouble);
  at::Tensor gradients = values(2, at::kDouble);
  factory("muon", {{"iterations", std::int64_t{10}}})(parameters, gradients)->step(1.0);
  const at::Tensor singular = at::linalg_svdvals(parameters.narrow(0, 0, 30).view({5, 6})) / (0.2 * std::sqrt(6.0));
  EXPECT_GT(singular.min().item<double>(), 0.6);
  EXPECT_LT(singular.max().item<double>(), 1.3);
  const at::Tensor vector = parameters.narrow(0, 30, 7);
  EXPECT_NEAR(vector.square().mean().sqrt().item<double>(), 0.2, 1e-9);
  EXPECT_LT(torch::dot(vector, gradients.narrow(0, 30, 7)).item<double>(), 0.0);
}

TEST(Layerwise, RefusesAShard) {
  at::Tensor shard = torch::zeros({5});
  for (const std::string name : {"lamb", "muon"}) {
    EXPECT_THAT([&] { factory(name)(shard, shard); },
                ThrowsMessage<ConfigError>("optimizer '" + name +
                                           "' works on whole tensors of the model, which the "
                                           "shards of a parameter server cut through; choices there: adamw, rmsprop, "
                                           "sgd"));
  }
}

OptimizerFactory wrapped_sgd(const ValueMap& options) {
  return wrapped(factory("sgd"), Options(wrap_options(), options, "optimizer 'sgd'", "optimizer."));
}

TEST(Clipping, EqualsTorch) {
  for (const double norm : {0.5, 2.0, 1e9}) {
    at::Tensor parameters = torch::zeros({kSize}, at::kDouble);
    at::Tensor gradients = values(2, at::kDouble);
    at::Tensor leaf = torch::zeros({kSize}, at::kDouble).set_requires_grad(true);
    leaf.mutable_grad() = gradients.clone();
    torch::nn::utils::clip_grad_norm_(leaf, norm);
    wrapped_sgd({{"clip_norm", norm}})(parameters, gradients)->step(1.0);
    EXPECT_TRUE(torch::allclose(parameters, -leaf.grad(), 1e-12, 1e-15)) << norm;
  }
}

TEST(Lookahead, GoesBackEveryKUpdates) {
  at::Tensor parameters = torch::zeros({kSize}, at::kDouble);
  at::Tensor gradients = torch::ones({kSize}, at::kDouble);
  const auto optimizer =
      wrapped_sgd({{"lookahead_steps", std::int64_t{3}}, {"lookahead_rate", 0.25}})(parameters, gradients);
  const double expected[] = {-1.0, -2.0, -0.75, -1.75, -2.75, -1.5};
  for (const double x : expected) {
    optimizer->step(1.0);
    EXPECT_DOUBLE_EQ(parameters[0].item<double>(), x);
  }
  ASSERT_EQ(optimizer->state().size(), 1U);
  EXPECT_EQ(optimizer->steps_done(), 6);
}

INSTANTIATE_TEST_SUITE_P(WeightDecay, AdamW, testing::Values(0.0, 0.01, 0.1));

/// A step of a copy that took over parameters, state and step count equals a step of the original.
TEST(OptimizerState, IsAllThatACheckpointNeeds) {
  for (const auto& [name, options] :
       std::vector<std::pair<std::string, ValueMap>>{{"sgd", {}},
                                                     {"sgd", {{"momentum", 0.9}, {"nesterov", true}}},
                                                     {"adamw", {}},
                                                     {"lamb", {}},
                                                     {"muon", {}},
                                                     {"rmsprop", {{"momentum", 0.9}}}}) {
    at::Tensor parameters = values(1, at::kFloat);
    at::Tensor gradients = values(2, at::kFloat);
    const auto original = factory(name, options)(parameters, gradients);
    for (int step = 0; step < 5; ++step) original->step(0.1);

    at::Tensor copied = parameters.clone();
    const auto resumed = factory(name, options)(copied, gradients);
    ASSERT_EQ(resumed->state().size(), original->state().size());
    for (std::size_t i = 0; i < resumed->state().size(); ++i) resumed->state()[i].copy_(original->state()[i]);
    resumed->set_steps_done(original->steps_done());

    original->step(0.1);
    resumed->step(0.1);
    EXPECT_TRUE(torch::equal(copied, parameters)) << name;
  }
}

TEST(OptimizerState, IsZeroFromTheStart) {
  at::Tensor parameters = values(1, at::kFloat);
  EXPECT_TRUE(factory("sgd")(parameters, parameters)->state().empty());
  for (const at::Tensor& moment : factory("adamw")(parameters, parameters)->state()) {
    EXPECT_TRUE(torch::equal(moment, torch::zeros_like(parameters)));
  }
  EXPECT_EQ(factory("sgd", {{"momentum", 0.5}})(parameters, parameters)->state().size(), 1U);
}

TEST(Optimizer, StepSizeZeroLeavesTheParameters) {
  for (const std::string name : {"sgd", "adamw"}) {
    at::Tensor parameters = values(1, at::kDouble);
    const at::Tensor before = parameters.clone();
    factory(name)(parameters, values(2, at::kDouble))->step(0.0);
    EXPECT_TRUE(torch::equal(parameters, before)) << name;
  }
}

TEST(Optimizer, RefusesImpossibleOptions) {
  EXPECT_THAT(
      [] {
        factory("sgd", {{"nesterov", true}});
      },
      ThrowsMessage<ConfigError>("optimizer.nesterov = true needs optimizer.momentum > 0, got 0.0"));
  EXPECT_THROW(factory("sgd", {{"momentum", -0.1}}), ConfigError);
  EXPECT_THROW(factory("sgd", {{"weight_decay", std::nan("")}}), ConfigError);
  EXPECT_THROW(factory("adamw", {{"beta1", 1.0}}), ConfigError);
  EXPECT_THROW(factory("adamw", {{"eps", 0.0}}), ConfigError);
  EXPECT_THROW(factory("adamw", {{"momentum", 0.9}}), ConfigError);
}

}  // namespace
}  // namespace sac::test
