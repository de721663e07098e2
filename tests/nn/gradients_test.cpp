// Every model's loss and gradient against ATen's autograd on the same weights, and against finite differences.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <gtest/gtest.h>

#include "tests/nn/replica.h"

namespace sac::test {
namespace {

using at::Tensor;
using Leaves = std::vector<Tensor>;

Tensor conv(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias, std::int64_t stride,
            std::int64_t padding) {
  return at::conv2d(x, weight.permute({0, 3, 1, 2}), bias, stride, padding);
}

Tensor conv_relu_pool(const Tensor& x, const Leaves& w, std::size_t first, std::int64_t padding) {
  return at::max_pool2d(at::relu(conv(x, w[first], w[first + 1], 1, padding)), 2);
}

/// Fully connected layers from w[first] on, with ReLU between them; images are flattened channels last.
Tensor fully_connected(Tensor x, const Leaves& w, std::size_t first) {
  if (x.dim() == 4) x = x.permute({0, 2, 3, 1}).flatten(1);
  for (std::size_t i = first; i < w.size(); i += 2) {
    x = at::linear(i == first ? x : at::relu(x), w[i], w[i + 1]);
  }
  return x;
}

Tensor mlp(const Tensor& x, const Leaves& w) { return fully_connected(x.flatten(1), w, 0); }
Tensor cnn(const Tensor& x, const Leaves& w) {
  return fully_connected(conv_relu_pool(conv_relu_pool(x, w, 0, 0), w, 2, 0), w, 4);
}
Tensor lenet(const Tensor& x, const Leaves& w) {
  return fully_connected(conv_relu_pool(conv_relu_pool(x, w, 0, x.size(2) < 32 ? 2 : 0), w, 2, 0), w, 4);
}

Tensor norm(const Tensor& x, const Leaves& w, std::size_t first) {
  return at::batch_norm(x, w[first], w[first + 1], {}, {}, true, 0.1, 1e-5, false);
}

Tensor shortcut(const Tensor& x, const Tensor& like) {
  if (x.sizes() == like.sizes()) return x;
  const Tensor sampled = x.slice(2, 0, x.size(2), 2).slice(3, 0, x.size(3), 2);
  return at::constant_pad_nd(sampled, {0, 0, 0, 0, 0, like.size(1) - x.size(1)});
}

Tensor resnet20(const Tensor& input, const Leaves& w) {
  Tensor x = at::relu(norm(conv(input, w[0], {}, 1, 1), w, 1));
  for (std::size_t block = 0; block < 9; ++block) {
    const std::size_t first = 3 + 6 * block;
    const std::int64_t stride = block == 3 || block == 6 ? 2 : 1;
    Tensor y = at::relu(norm(conv(x, w[first], {}, stride, 1), w, first + 1));
    y = norm(conv(y, w[first + 3], {}, 1, 1), w, first + 4);
    x = at::relu(y + shortcut(x, y));
  }
  return at::linear(x.mean({2, 3}), w[57], w[58]);
}

struct Case {
  std::string label;
  std::string model;
  SampleShape sample;
  std::int64_t batch;
  ValueMap options;
  Tensor (*reference)(const Tensor&, const Leaves&);
};

class Gradients : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] Replica replica(at::ScalarType dtype) const {
    return Replica(make_model(GetParam().model, GetParam().sample, dtype, GetParam().options));
  }
  [[nodiscard]] static Batch batch(at::ScalarType dtype) {
    return random_batch(GetParam().batch, GetParam().sample, dtype);
  }
};

TEST_P(Gradients, EqualAutograd) {
  Replica replica = this->replica(at::kDouble);
  const Batch batch = this->batch(at::kDouble);
  Leaves leaves = replica.leaves();
  const Tensor loss = at::cross_entropy_loss(GetParam().reference(batch.inputs, leaves), batch.targets);
  loss.backward();

  EXPECT_NEAR(replica.network->compute_gradients(batch, {}).value(), loss.item<double>(), 1e-12);

  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const TensorInfo& info = replica.model->layout().parameters[i];
    const Tensor ours = replica.gradients.narrow(0, info.range.begin, info.range.size()).view(info.shape);
    EXPECT_LT(relative_error(ours, leaves[i].grad()), 1e-9) << info.name;
  }
}

TEST_P(Gradients, EqualFiniteDifferences) {
  Replica replica = this->replica(at::kDouble);
  const Batch batch = this->batch(at::kDouble);
  replica.network->compute_gradients(batch, {});
  const Tensor gradient = replica.gradients.clone();
  const double scale = gradient.abs().max().item<double>();
  auto* parameters = replica.parameters.mutable_data_ptr<double>();
  const auto loss_at = [&](std::int64_t i, double value) {
    const double kept = std::exchange(parameters[i], value);
    const double loss = replica.network->compute_gradients(batch, {}).value();
    parameters[i] = kept;
    return loss;
  };
  constexpr double kStep = 1e-6;
  for (const TensorInfo& info : replica.model->layout().parameters) {
    const std::int64_t i = info.range.begin + info.range.size() / 2;
    const double slope = (loss_at(i, parameters[i] + kStep) - loss_at(i, parameters[i] - kStep)) / (2.0 * kStep);
    EXPECT_NEAR(gradient[i].item<double>(), slope, 1e-5 * scale) << info.name;
  }
}

TEST_P(Gradients, Float32FollowsFloat64) {
  Replica wide = replica(at::kDouble);
  Replica narrow = replica(at::kFloat);
  const double loss = wide.network->compute_gradients(batch(at::kDouble), {}).value();
  EXPECT_NEAR(narrow.network->compute_gradients(batch(at::kFloat), {}).value(), loss, 1e-5 * loss);
  EXPECT_LT(relative_error(narrow.gradients, wide.gradients), 2e-4);
}

INSTANTIATE_TEST_SUITE_P(Models, Gradients,
                         testing::Values(Case{"linear", "linear", {1, 28, 28}, 8, {}, mlp},
                                         Case{"linear_features", "linear", {20, 1, 1}, 5, {}, mlp},
                                         Case{"mlp", "mlp", {1, 28, 28}, 16, {}, mlp},
                                         Case{"mlp_deep", "mlp", {3, 4, 5}, 7, {{"hidden", Ints{17, 5, 9}}}, mlp},
                                         Case{"mlp_without_hidden", "mlp", {6, 1, 1}, 3, {{"hidden", Ints{}}}, mlp},
                                         Case{"lenet_28", "lenet", {1, 28, 28}, 4, {}, lenet},
                                         Case{"lenet_32_rgb", "lenet", {3, 32, 32}, 1, {}, lenet},
                                         Case{"cnn_28", "cnn", {1, 28, 28}, 4, {}, cnn},
                                         Case{"cnn_32_rgb", "cnn", {3, 32, 32}, 3, {}, cnn},
                                         Case{"cnn_odd", "cnn", {2, 19, 22}, 1, {}, cnn},
                                         Case{"resnet20", "resnet20", {3, 8, 8}, 4, {}, resnet20},
                                         Case{"resnet20_odd", "resnet20", {1, 11, 9}, 2, {}, resnet20}),
                         [](const auto& instance) { return instance.param.label; });

}  // namespace
}  // namespace sac::test
