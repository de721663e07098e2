// What the models' own tests do not reach: single layers at their edges.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <limits>

#include "engine/nn/layers.h"
#include "engine/nn/sequential.h"
#include "tests/nn/replica.h"

namespace sac::test {
namespace {

/// One layer between an input and its loss sum(output * weights), so that `weights` is the output's gradient.
struct Bench {
  explicit Bench(std::unique_ptr<Layer> made) : layer(std::move(made)) {}

  at::Tensor forward(const at::Tensor& input, bool training = true) {
    space.input = input;
    space.output = layer->forward({views, space, batch, training}, input);
    return space.output;
  }
  at::Tensor backward(const at::Tensor& gradient) {
    return layer->backward({views, space, batch, true}, gradient.clone(), true);
  }

  std::unique_ptr<Layer> layer;
  LayerViews views;
  LayerSpace space;
  BatchContext batch;
};

at::Tensor values(at::IntArrayRef sizes, std::uint64_t seed) {
  const std::int64_t count = c10::multiply_integers(sizes);
  return random_batch(1, {count, 1, 1}, at::kDouble, seed).inputs.view(sizes);
}

at::Tensor nchw(const at::Tensor& nhwc) { return nhwc.permute({0, 3, 1, 2}); }
at::Tensor nhwc(const at::Tensor& nchw) { return nchw.permute({0, 2, 3, 1}); }

TEST(ReluMaxPool2d, EqualsAtenForOddSidesAndChannels) {
  const SampleShape shape{7, 5, 9};
  Bench bench(relu_max_pool2d(shape));
  const at::Tensor input = values({3, 5, 9, 7}, 1);
  const at::Tensor leaf = input.clone().set_requires_grad(true);
  const at::Tensor expected = at::max_pool2d(at::relu(nchw(leaf)), 2);
  const at::Tensor gradient = values({3, 2, 4, 7}, 2);
  expected.backward(nchw(gradient));

  EXPECT_TRUE(at::equal(bench.forward(input.clone()), nhwc(expected)));
  EXPECT_TRUE(at::equal(bench.backward(gradient), leaf.grad()));
}

TEST(ReluMaxPool2d, FirstOfEqualsTakesTheGradientAndNonPositiveWindowsNone) {
  Bench bench(relu_max_pool2d({1, 2, 6}));
  const double rows[] = {1, 3, 2, 2, -1, 0, 3, 3, 2, 2, -2, -3};
  const at::Tensor input = at::tensor(at::ArrayRef<double>(rows), at::kDouble).view({1, 2, 6, 1});
  bench.forward(input);
  const at::Tensor result = bench.backward(at::full({1, 1, 3, 1}, 5.0, at::kDouble)).flatten();
  const double expected[] = {0, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_TRUE(at::equal(result, at::tensor(at::ArrayRef<double>(expected), at::kDouble)));
}

TEST(ReluMaxPool2d, KeepsNaNWhereverItStands) {
  for (std::int64_t pixel = 0; pixel < 4; ++pixel) {
    Bench bench(relu_max_pool2d({5, 2, 2}));
    at::Tensor input = at::ones({1, 2, 2, 5}, at::kDouble);
    input.view({4, 5})[pixel].fill_(std::numeric_limits<double>::quiet_NaN());
    EXPECT_TRUE(bench.forward(input).isnan().all().item<bool>()) << pixel;
  }
}

TEST(Relu, KeepsNaN) {
  Bench bench(relu({3, 1, 1}));
  const at::Tensor input = at::full({2, 3}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  EXPECT_TRUE(bench.forward(input).isnan().all().item<bool>());
}

TEST(GlobalAvgPool, EqualsAten) {
  Bench bench(global_avg_pool({6, 3, 5}));
  const at::Tensor input = values({2, 3, 5, 6}, 1);
  EXPECT_TRUE(at::allclose(bench.forward(input), input.mean({1, 2}), 1e-12, 1e-14));
  const at::Tensor gradient = values({2, 6}, 2);
  const at::Tensor expected = (gradient / 15.0).view({2, 1, 1, 6}).expand({2, 3, 5, 6});
  EXPECT_TRUE(at::allclose(bench.backward(gradient), expected, 1e-12, 1e-14));
}

TEST(ChannelsLast, KeepsOneChannelWhereItIsAndMovesMany) {
  Bench gray(channels_last({1, 3, 4}));
  const at::Tensor image = values({2, 1, 3, 4}, 1);
  EXPECT_EQ(gray.forward(image).data_ptr(), image.data_ptr());
  Bench rgb(channels_last({3, 3, 4}));
  const at::Tensor colour = values({2, 3, 3, 4}, 2);
  EXPECT_TRUE(at::equal(rgb.forward(colour), nhwc(colour)));
  EXPECT_TRUE(rgb.space.output.is_contiguous());
  EXPECT_THROW(rgb.backward(colour), std::logic_error);
}

void expect_atens_convolution(SampleShape shape, std::int64_t batch, const Conv2dOptions& options) {
  SCOPED_TRACE("stride " + std::to_string(options.stride) + ", padding " + std::to_string(options.padding));
  Bench bench(conv2d("conv", shape, options));
  const at::Tensor weight =
      values({options.channels, options.kernel, options.kernel, shape.channels}, 1).set_requires_grad(true);
  const at::Tensor bias = values({options.channels}, 2).set_requires_grad(true);
  const at::Tensor input = values({batch, shape.height, shape.width, shape.channels}, 3).set_requires_grad(true);
  const at::Tensor expected = at::conv2d(nchw(input), nchw(weight), bias, options.stride, options.padding);
  const at::Tensor gradient = values(nhwc(expected).sizes(), 4);
  expected.backward(nchw(gradient));

  bench.views.parameters = {weight.detach(), bias.detach()};
  bench.views.gradients = {at::empty_like(weight), at::empty_like(bias)};
  EXPECT_LT(relative_error(bench.forward(input.detach()), nhwc(expected)), 1e-12);
  EXPECT_EQ(bench.layer->spec().output.size(), expected[0].numel());
  EXPECT_LT(relative_error(bench.backward(gradient), input.grad()), 1e-12);
  EXPECT_LT(relative_error(bench.views.gradients[0], weight.grad()), 1e-12);
  EXPECT_LT(relative_error(bench.views.gradients[1], bias.grad()), 1e-12);
}

TEST(Conv2d, EqualsAtenForStrideAndPadding) {
  for (const std::int64_t stride : {1, 2, 3}) {
    for (const std::int64_t padding : {0, 1, 2}) {
      expect_atens_convolution({3, 7, 8}, 2, {.channels = 5, .kernel = 3, .stride = stride, .padding = padding});
    }
  }
}

TEST(Conv2d, EqualsAtenWhereThreadsShareTheWeightsGradient) {
  const Conv2dOptions wide{.channels = 190, .kernel = 3, .padding = 1};
  expect_atens_convolution({128, 4, 4}, 12, wide);   // by output channels: more weights than activations
  expect_atens_convolution({16, 16, 15}, 11, wide);  // by samples
}

class BatchNorm : public testing::TestWithParam<Activation> {};

TEST_P(BatchNorm, EqualsAtenOverManySteps) {
  Bench bench(batch_norm2d("bn", {5, 3, 4}, GetParam()));
  const at::Tensor weight = values({5}, 1).set_requires_grad(true);
  const at::Tensor bias = values({5}, 2).set_requires_grad(true);
  const at::Tensor mean = at::zeros({5}, at::kDouble);
  const at::Tensor variance = at::ones({5}, at::kDouble);
  bench.views.parameters = {weight.detach(), bias.detach()};
  bench.views.gradients = {at::empty({5}, at::kDouble), at::empty({5}, at::kDouble)};
  bench.views.buffers = {mean.clone(), variance.clone()};
  const auto reference = [&](const at::Tensor& x, bool training) {
    const at::Tensor y = at::batch_norm(nchw(x), weight, bias, mean, variance, training, 0.1, 1e-5, false);
    return nhwc(GetParam() == Activation::kRelu ? at::relu(y) : y);
  };
  for (std::uint64_t step = 0; step < 4; ++step) {
    const at::Tensor input = (3.0 + 2.0 * values({6, 3, 4, 5}, 10 + step)).set_requires_grad(true);
    const at::Tensor gradient = values({6, 3, 4, 5}, 20 + step);
    for (const at::Tensor& leaf : {weight, bias}) leaf.mutable_grad().reset();
    const at::Tensor expected = reference(input, true);
    expected.backward(gradient);
    EXPECT_LT(relative_error(bench.forward(input.detach()), expected), 1e-12);
    EXPECT_LT(relative_error(bench.backward(gradient), input.grad()), 1e-10);
    EXPECT_LT(relative_error(bench.views.gradients[0], weight.grad()), 1e-10);
    EXPECT_LT(relative_error(bench.views.gradients[1], bias.grad()), 1e-10);
    EXPECT_LT(relative_error(bench.views.buffers[0], mean), 1e-12);
    EXPECT_LT(relative_error(bench.views.buffers[1], variance), 1e-12);
  }
  const at::Tensor input = values({2, 3, 4, 5}, 30);
  EXPECT_LT(relative_error(bench.forward(input, false), reference(input, false)), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Activations, BatchNorm, testing::Values(Activation::kNone, Activation::kRelu));

TEST(BatchNorm2d, Float32StatisticsSurviveAMeanFarFromZero) {
  Bench bench(batch_norm2d("bn", {2, 32, 32}, Activation::kNone));
  bench.views.parameters = {at::ones({2}), at::zeros({2})};
  bench.views.buffers = {at::zeros({2}), at::ones({2})};
  const at::Tensor input = values({64, 32, 32, 2}, 1).add(100.0);
  bench.forward(input.to(at::kFloat));
  const at::Tensor variance = input.view({-1, 2}).var(0);
  EXPECT_LT(relative_error(bench.views.buffers[1], 0.9 + 0.1 * variance), 1e-5);
}

}  // namespace
}  // namespace sac::test
