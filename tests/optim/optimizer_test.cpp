// Step for step against torch.optim, the reference.
#include "engine/optim/optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include "engine/core/error.h"
#include "engine/core/random.h"

namespace sac::test {
namespace {

using testing::ThrowsMessage;

constexpr std::int64_t kSize = 37;

at::Tensor values(std::uint64_t seed, at::ScalarType dtype) {
  RandomStream stream(seed, 0, Purpose::kSynthetic);
  at::Tensor result = torch::empty({kSize}, at::kDouble);
  for (std::int64_t i = 0; i < kSize; ++i) result.mutable_data_ptr<double>()[i] = stream.normal();
  return result.to(dtype);
}

OptimizerFactory factory(const std::string& name, const ValueMap& options = {}) {
  const OptimizerEntry& entry = Registry<OptimizerEntry>::instance().at(name);
  return entry.make(Options(entry.options, options, "optimizer '" + name + "'", "optimizer."));
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

INSTANTIATE_TEST_SUITE_P(WeightDecay, AdamW, testing::Values(0.0, 0.01, 0.1));

/// A step of a copy that took over parameters, state and step count equals a step of the original.
TEST(OptimizerState, IsAllThatACheckpointNeeds) {
  for (const auto& [name, options] : std::vector<std::pair<std::string, ValueMap>>{
           {"sgd", {}}, {"sgd", {{"momentum", 0.9}, {"nesterov", true}}}, {"adamw", {}}}) {
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
