// resnet20's first hundred steps against autograd and torch.optim, from the same weights on the same batches.
#include <ATen/ATen.h>
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
constexpr double kLr = 0.05;

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

/// The largest difference of the two loss curves.
double difference(at::ScalarType dtype) {
  Replica ours(make_model("resnet20", kSample, dtype));
  const OptimizerEntry& entry = Registry<OptimizerEntry>::instance().at("sgd");
  const ValueMap momentum{{"momentum", 0.9}, {"weight_decay", 5e-4}};
  const auto optimizer = entry.make(Options(entry.options, momentum, "sgd"), {})(ours.parameters, ours.gradients);
  const std::vector<Tensor> leaves = ours.leaves();
  torch::optim::SGD theirs(leaves, torch::optim::SGDOptions(kLr).momentum(0.9).weight_decay(5e-4));
  Reference reference(leaves);
  double largest = 0.0;
  for (int step = 0; step < kSteps; ++step) {
    const Batch batch = random_batch(16, kSample, dtype, static_cast<std::uint64_t>(step % 10));
    const double loss = ours.network->compute_gradients(batch, {}).value();
    optimizer->step(kLr);
    theirs.zero_grad();
    const Tensor expected = reference.loss(batch);
    expected.backward();
    theirs.step();
    largest = std::max(largest, std::abs(loss - expected.item<double>()));
  }
  return largest;
}

TEST(HundredSteps, FollowTorchInFloat64) { EXPECT_LT(difference(at::kDouble), 1e-8); }
/// Rounding grows from step to step: by a factor of some thousand here.
TEST(HundredSteps, FollowTorchInFloat32) { EXPECT_LT(difference(at::kFloat), 2e-2); }

}  // namespace
}  // namespace sac::test
