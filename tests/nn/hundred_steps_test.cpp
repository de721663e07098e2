// resnet20's first hundred steps against autograd and torch.optim, from the same weights on the same batches.
#include <ATen/core/Tensor.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <gtest/gtest.h>
#include <torch/optim/sgd.h>

#include <cmath>

#include "engine/optim/optimizer.h"
#include "tests/nn/replica.h"

namespace sac::test {
namespace {

using at::Tensor;

constexpr SampleShape kSample{3, 16, 16};
constexpr int kSteps = 100;

/// The network in ATen's operations; weights in the order of the layout.
class Reference {
 public:
  explicit Reference(std::vector<Tensor> weights) : weights_(std::move(weights)) {}

  Tensor loss(const Batch& batch) {
    next_ = 0;
    Tensor x = at::relu(conv_norm(batch.inputs, 1));
    for (int stage = 0; stage < 3; ++stage) {
      for (int block = 0; block < 3; ++block) x = residual(x, stage > 0 && block == 0 ? 2 : 1);
    }
    const Tensor weight = take();
    return at::cross_entropy_loss(at::linear(x.mean({2, 3}), weight, take()), batch.targets);
  }

 private:
  const Tensor& take() { return weights_.at(next_++); }

  Tensor conv_norm(const Tensor& x, std::int64_t stride) {
    const Tensor y = at::conv2d(x, take().permute({0, 3, 1, 2}), {}, stride, 1);
    const Tensor& weight = take();
    return at::batch_norm(y, weight, take(), {}, {}, true, 0.1, 1e-5, false);
  }

  Tensor residual(const Tensor& x, std::int64_t stride) {
    const Tensor inner = at::relu(conv_norm(x, stride));
    const Tensor path = conv_norm(inner, 1);
    if (stride == 1) return at::relu(path + x);
    const Tensor pixels = x.slice(2, 0, c10::nullopt, 2).slice(3, 0, c10::nullopt, 2);
    return at::relu(path + at::constant_pad_nd(pixels, {0, 0, 0, 0, 0, path.size(1) - x.size(1)}));
  }

  std::vector<Tensor> weights_;
  std::size_t next_ = 0;
};

/// Losses, a step.
struct Curves {
  std::vector<double> ours, theirs;
};

Curves train(at::ScalarType dtype, double lr, double momentum) {
  Replica replica(make_model("resnet20", kSample, dtype));
  const OptimizerEntry& entry = Registry<OptimizerEntry>::instance().at("sgd");
  const Options options(entry.options, {{"momentum", momentum}, {"weight_decay", 5e-4}}, "sgd");
  const auto optimizer = entry.make(options, {})(replica.parameters, replica.gradients);
  const std::vector<Tensor> leaves = replica.leaves();
  torch::optim::SGD theirs(leaves, torch::optim::SGDOptions(lr).momentum(momentum).weight_decay(5e-4));
  Reference reference(leaves);
  Curves curves;
  for (int step = 0; step < kSteps; ++step) {
    const Batch batch = random_batch(16, kSample, dtype, static_cast<std::uint64_t>(step % 10));
    curves.ours.push_back(replica.network->compute_gradients(batch, {}).value());
    optimizer->step(lr);
    theirs.zero_grad();
    const Tensor loss = reference.loss(batch);
    loss.backward();
    theirs.step();
    curves.theirs.push_back(loss.item<double>());
  }
  return curves;
}

/// Mean absolute difference.
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

TEST(HundredSteps, FollowTorchInFloat64) {
  const Curves curves = train(at::kDouble, 0.05, 0.9);
  EXPECT_LT(distance(curves.ours, curves.theirs), 1e-9);
}

/// Rounding grows from step to step, in PyTorch's run as in ours.
TEST(HundredSteps, AreAsNearToFloat64InFloat32AsTorchs) {
  const Curves wide = train(at::kDouble, 0.01, 0.0);
  const Curves narrow = train(at::kFloat, 0.01, 0.0);
  EXPECT_LT(distance(narrow.ours, wide.theirs), 3.0 * distance(narrow.theirs, wide.theirs));
  EXPECT_NEAR(narrow.ours.front(), wide.theirs.front(), 1e-6);
}

}  // namespace
}  // namespace sac::test
