// ATen's fused updates, which every device but the CPU takes, against the loops.
#include "engine/optim/fused.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <gtest/gtest.h>

#include "engine/core/random.h"
#include "engine/optim/optimizer.h"

namespace sac::test {
namespace {

at::Tensor values(std::uint64_t seed, at::ScalarType dtype) {
  RandomStream stream(seed, 0, Purpose::kSynthetic);
  const at::Tensor result = at::empty({1003}, at::kDouble);
  for (std::int64_t i = 0; i < result.numel(); ++i) result.mutable_data_ptr<double>()[i] = stream.normal();
  return result.to(dtype);
}

/// Twenty updates by both with changing gradients and step sizes. `fused(parameters, gradients, state, lr, update)`.
template <class Fused>
void expect_equal(const std::string& name, const ValueMap& options, const Fused& fused) {
  for (const auto& [dtype, tolerance] : {std::pair{at::kDouble, 1e-12}, {at::kFloat, 2e-5}}) {
    const at::Tensor loops = values(1, dtype);
    const at::Tensor parameters = loops.clone();
    const at::Tensor gradients = at::empty_like(loops);
    const OptimizerEntry& entry = Registry<OptimizerEntry>::instance().at(name);
    const auto optimizer = entry.make(Options(entry.options, options, name), {{1003}})(loops, gradients);
    std::vector<at::Tensor> state;
    for (const at::Tensor& tensor : optimizer->state()) state.push_back(tensor.clone());
    for (std::int64_t update = 1; update <= 20; ++update) {
      gradients.copy_(values(100 + static_cast<std::uint64_t>(update), dtype));
      const double lr = 0.1 / static_cast<double>(update);
      optimizer->step(lr);
      fused(parameters, gradients, state, lr, update);
      ASSERT_TRUE(at::allclose(parameters, loops, tolerance, tolerance)) << name << ", update " << update;
    }
    for (std::size_t i = 0; i < state.size(); ++i) {
      EXPECT_TRUE(at::allclose(state[i], optimizer->state()[i], tolerance, tolerance)) << name << ", state " << i;
    }
  }
}

TEST(FusedSgd, EqualsTheLoops) {
  for (const SgdOptions sgd : {SgdOptions{0.0, 0.0, false}, SgdOptions{0.0, 0.01, false}, SgdOptions{0.9, 0.0, false},
                               SgdOptions{0.9, 0.01, true}}) {
    const ValueMap options{{"momentum", sgd.momentum}, {"weight_decay", sgd.weight_decay}, {"nesterov", sgd.nesterov}};
    expect_equal(
        "sgd", options,
        [&](const at::Tensor& parameters, const at::Tensor& gradients, const std::vector<at::Tensor>& state, double lr,
            std::int64_t) { fused_sgd(parameters, gradients, state.empty() ? at::Tensor() : state[0], sgd, lr); });
  }
}

TEST(FusedAdamW, EqualsTheLoops) {
  const AdamOptions adamw{.beta1 = 0.8, .beta2 = 0.99, .eps = 1e-6, .weight_decay = 0.1};
  const ValueMap options{
      {"beta1", adamw.beta1}, {"beta2", adamw.beta2}, {"eps", adamw.eps}, {"weight_decay", adamw.weight_decay}};
  expect_equal(
      "adamw", options,
      [&](const at::Tensor& parameters, const at::Tensor& gradients, const std::vector<at::Tensor>& state, double lr,
          std::int64_t update) { fused_adamw(parameters, gradients, state[0], state[1], adamw, lr, update); });
}

}  // namespace
}  // namespace sac::test
