// The deep models' losses and gradients against ATen's autograd on the same weights, and ATen's path against the loops.
#include <ATen/core/Tensor.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/transformerlayer.h>

#include <cmath>

#include "tests/nn/replica.h"

namespace sac::test {
namespace {

using at::Tensor;

/// Weights taken one after the other, in the order of the layout.
struct Weights {
  const std::vector<Tensor>& all;
  bool group = false;
  std::size_t next = 0;
  const Tensor& take() { return all.at(next++); }
};

Tensor conv(const Tensor& x, Weights& w, std::int64_t stride) {
  const Tensor& weight = w.take();
  return at::conv2d(x, weight.permute({0, 3, 1, 2}), {}, stride, weight.size(1) / 2);
}

Tensor norm(const Tensor& x, Weights& w) {
  const Tensor& weight = w.take();
  const Tensor& bias = w.take();
  if (w.group) return at::group_norm(x, 8, weight, bias);
  return at::batch_norm(x, weight, bias, {}, {}, true, 0.1, 1e-5, false);
}

Tensor conv_norm(const Tensor& x, Weights& w, std::int64_t stride = 1) { return norm(conv(x, w, stride), w); }
Tensor conv_norm_relu(const Tensor& x, Weights& w, std::int64_t stride = 1) {
  return at::relu(conv_norm(x, w, stride));
}

Tensor linear(const Tensor& x, Weights& w) {
  const Tensor& weight = w.take();
  return at::linear(x, weight, w.take());
}

template <bool kBottleneck>
Tensor residual_block(const Tensor& x, std::int64_t channels, std::int64_t stride, Weights& w) {
  const std::int64_t out = kBottleneck ? 4 * channels : channels;
  const Tensor shortcut = stride != 1 || x.size(1) != out ? conv_norm(x, w, stride) : x;
  if (!kBottleneck) return at::relu(conv_norm(conv_norm_relu(x, w, stride), w) + shortcut);
  const Tensor inner = conv_norm_relu(conv_norm_relu(x, w), w, stride);
  return at::relu(conv_norm(inner, w) + shortcut);
}

template <bool kBottleneck>
Tensor resnet(const Tensor& input, Weights& w) {
  const bool large = input.size(2) > 64;
  Tensor x = conv_norm_relu(input, w, large ? 2 : 1);
  if (large) x = at::max_pool2d(x, 3, 2, 1);
  const std::int64_t blocks[] = {kBottleneck ? 3 : 2, kBottleneck ? 4 : 2, kBottleneck ? 6 : 2, kBottleneck ? 3 : 2};
  for (std::int64_t stage = 0; stage < 4; ++stage) {
    for (std::int64_t block = 0; block < blocks[stage]; ++block) {
      x = residual_block<kBottleneck>(x, std::int64_t{64} << stage, stage > 0 && block == 0 ? 2 : 1, w);
    }
  }
  return linear(x.mean({2, 3}), w);
}

Tensor resnet9(const Tensor& input, Weights& w) {
  Tensor x = conv_norm_relu(input, w);
  for (int stage = 1; stage <= 3; ++stage) {
    x = at::max_pool2d(conv_norm_relu(x, w), 2);
    if (stage != 2) x = x + conv_norm_relu(conv_norm_relu(x, w), w);
  }
  return linear(at::max_pool2d(x, x.size(2)).flatten(1), w);
}

Tensor wide_block(const Tensor& x, std::int64_t channels, std::int64_t stride, Weights& w) {
  const bool projects = stride != 1 || x.size(1) != channels;
  const Tensor normalised = at::relu(norm(x, w));
  const Tensor shortcut = projects ? conv(normalised, w, stride) : x;
  const Tensor inner = conv_norm_relu(normalised, w, stride);
  return conv(inner, w, 1) + shortcut;
}

Tensor wide_resnet(const Tensor& input, Weights& w) {
  Tensor x = conv(input, w, 1);
  for (std::int64_t stage = 1; stage <= 3; ++stage) {
    for (int block = 0; block < 2; ++block) x = wide_block(x, 32 << (stage - 1), stage > 1 && block == 0 ? 2 : 1, w);
  }
  return linear(at::relu(norm(x, w)).mean({2, 3}), w);
}

Tensor vgg11(const Tensor& input, Weights& w) {
  Tensor x = input;
  for (const int convolutions : {1, 1, 2, 2, 2}) {
    for (int i = 0; i < convolutions; ++i) x = conv_norm_relu(x, w);
    x = at::max_pool2d(x, 2);
  }
  return linear(x.mean({2, 3}), w);
}

Tensor layer_norm(const Tensor& x, Weights& w) {
  const Tensor& weight = w.take();
  return at::layer_norm(x, {x.size(2)}, weight, w.take());
}

Tensor causal_attention(const Tensor& packed, std::int64_t heads) {
  std::vector<Tensor> parts;
  for (const Tensor& part : packed.chunk(3, 2)) {
    parts.push_back(part.reshape({part.size(0), part.size(1), heads, -1}).transpose(1, 2));
  }
  const Tensor mixed = at::scaled_dot_product_attention(parts[0], parts[1], parts[2], {}, 0.0, /*is_causal=*/true);
  return mixed.transpose(1, 2).flatten(2);
}

Tensor transformer_lm(const Tensor& tokens, Weights& w) {
  const Tensor& table = w.take();
  Tensor x = at::embedding(table, tokens) + w.take();
  while (w.next + 4 < w.all.size()) {
    x = x + linear(causal_attention(linear(layer_norm(x, w), w), 2), w);
    x = x + linear(at::gelu(linear(layer_norm(x, w), w)), w);
  }
  return linear(layer_norm(x, w), w).flatten(0, 1);
}

/// Id 0 is padding.
Tensor bert(const Tensor& tokens, Weights& w) {
  const std::int64_t width = w.all[0].size(1);
  const auto norm12 = [&](const Tensor& y) {
    const Tensor& weight = w.take();
    return at::layer_norm(y, {width}, weight, w.take(), 1e-12);
  };
  const auto heads = [](const Tensor& part) {
    return part.reshape({part.size(0), part.size(1), 2, -1}).transpose(1, 2);
  };
  const Tensor hidden = at::zeros(tokens.sizes(), at::kDouble).masked_fill(tokens.eq(0), -INFINITY);
  Tensor x = at::embedding(w.take(), tokens);
  x = x + w.take();
  x = norm12(x + w.take()[0]);
  while (w.next + 4 < w.all.size()) {
    const std::vector<Tensor> parts = linear(x, w).chunk(3, 2);
    const Tensor products = at::matmul(heads(parts[0]), heads(parts[1]).transpose(2, 3)) / std::sqrt(width / 2.0);
    const Tensor shares = at::softmax(products + hidden.view({-1, 1, 1, tokens.size(1)}), 3);
    x = norm12(x + linear(at::matmul(shares, heads(parts[2])).transpose(1, 2).flatten(2), w));
    const Tensor inner = at::gelu(linear(x, w));
    x = norm12(x + linear(inner, w));
  }
  return linear(at::tanh(linear(x.select(1, 0), w)), w);
}

struct Case {
  std::string label;
  std::string model;
  SampleShape sample;
  std::int64_t batch;
  ValueMap options;
  Tensor (*reference)(const Tensor&, Weights&);
};

class DeepModel : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] static Replica replica(const Numerics& numerics) {
    return Replica(make_model(GetParam().model, GetParam().sample, numerics, GetParam().options));
  }
  [[nodiscard]] static Batch batch() { return random_batch(GetParam().batch, GetParam().sample, at::kDouble); }
};

TEST_P(DeepModel, EqualsAutograd) {
  Replica replica = this->replica(at::kDouble);
  const Batch batch = this->batch();
  const std::vector<Tensor> leaves = replica.leaves();
  Weights weights{leaves, GetParam().options.contains("norm")};
  const Tensor loss = at::cross_entropy_loss(GetParam().reference(batch.inputs, weights), batch.targets.flatten());
  EXPECT_EQ(weights.next, leaves.size());
  loss.backward();

  EXPECT_NEAR(replica.network->compute_gradients(batch, {}).value(), loss.item<double>(), 1e-11);

  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const TensorInfo& info = replica.model->layout().parameters[i];
    const Tensor ours = replica.gradients.narrow(0, info.range.begin, info.range.size()).view(info.shape);
    EXPECT_LT(relative_error(ours, leaves[i].grad()), 1e-8) << info.name;
  }
}

TEST_P(DeepModel, EqualsTheLoopsByAten) {
  Replica ours = replica({at::kDouble, /*low=*/false, /*by_aten=*/true});
  Replica loops = replica(at::kDouble);
  const Batch batch = this->batch();
  for (int step = 0; step < 2; ++step) {
    const double loss = loops.network->compute_gradients(batch, {}).value();
    EXPECT_NEAR(ours.network->compute_gradients(batch, {}).value(), loss, 1e-11 * loss);
    EXPECT_LT(relative_error(ours.gradients, loops.gradients), 1e-9) << "step " << step;
    EXPECT_LT(relative_error(ours.buffers, loops.buffers), 1e-11) << "step " << step;
    loops.parameters.sub_(loops.gradients, 0.01);
    ours.parameters.copy_(loops.parameters);
  }
  const double evaluated = loops.network->evaluate(batch).loss;
  EXPECT_NEAR(ours.network->evaluate(batch).loss, evaluated, 1e-10 * evaluated);
}

/// PyTorch's own layers with the same weights; no token is padding.
TEST(Bert, BlocksAreTorchsEncoderLayers) {
  Replica replica(make_model("bert", {1, 1, 5, 8}, at::kDouble, {{"width", std::int64_t{12}}}, 3));
  const std::vector<Tensor> leaves = replica.leaves();
  Weights weights{leaves};
  const torch::NoGradGuard guard;
  const Batch batch = random_batch(3, {1, 1, 5, 7}, at::kDouble, 7, 3);
  batch.inputs.add_(1);
  Tensor x = at::embedding(weights.take(), batch.inputs);
  x = x + weights.take();
  x = x + weights.take()[0];
  const Tensor& scale = weights.take();
  x = at::layer_norm(x, {12}, scale, weights.take(), 1e-12).transpose(0, 1);
  for (int block = 0; block < 2; ++block) {
    torch::nn::TransformerEncoderLayer layer(
        torch::nn::TransformerEncoderLayerOptions(12, 2).dim_feedforward(48).dropout(0).activation(torch::kGELU));
    layer->to(at::kDouble);
    for (const Tensor& into :
         {layer->self_attn->in_proj_weight, layer->self_attn->in_proj_bias, layer->self_attn->out_proj->weight,
          layer->self_attn->out_proj->bias, layer->norm1->weight, layer->norm1->bias, layer->linear1->weight,
          layer->linear1->bias, layer->linear2->weight, layer->linear2->bias, layer->norm2->weight,
          layer->norm2->bias}) {
      Tensor(into).copy_(weights.take());
    }
    x = layer(x);
  }
  const Tensor logits = linear(at::tanh(linear(x[0], weights)), weights);
  const double expected = at::cross_entropy_loss(logits, batch.targets).item<double>();
  EXPECT_NEAR(replica.network->compute_gradients(batch, {}).value(), expected, 1e-3);  // its epsilon is 1e-5
}

const ValueMap kGroups{{"norm", std::string("group")}};
const ValueMap kNarrow{{"width", std::int64_t{8}}};
const ValueMap kNarrowGroups{{"width", std::int64_t{8}}, {"norm", std::string("group")}};
const ValueMap kWide{{"depth", std::int64_t{16}}, {"widen", std::int64_t{2}}};
const ValueMap kEleven{{"depth", std::int64_t{11}}};
const ValueMap kSmallGpt{{"layers", std::int64_t{2}}, {"heads", std::int64_t{2}}, {"width", std::int64_t{12}}};

INSTANTIATE_TEST_SUITE_P(
    Models, DeepModel,
    testing::Values(Case{"resnet18", "resnet18", {3, 8, 8}, 3, {}, resnet<false>},
                    Case{"resnet18_large", "resnet18", {3, 72, 66}, 2, {}, resnet<false>},
                    Case{"resnet18_groups", "resnet18", {3, 8, 8}, 2, kGroups, resnet<false>},
                    Case{"resnet50", "resnet50", {3, 12, 12}, 3, {}, resnet<true>},
                    Case{"resnet9", "resnet9", {3, 16, 16}, 3, kNarrow, resnet9},
                    Case{"resnet9_groups", "resnet9", {3, 16, 16}, 3, kNarrowGroups, resnet9},
                    Case{"wide_resnet", "wide_resnet", {3, 8, 8}, 3, kWide, wide_resnet},
                    Case{"vgg", "vgg", {3, 32, 32}, 3, kEleven, vgg11},
                    Case{"transformer_lm", "transformer_lm", {1, 1, 7, 10}, 3, kSmallGpt, transformer_lm},
                    Case{"bert", "bert", {1, 1, 9, 11}, 4, kSmallGpt, bert}),
    [](const auto& instance) { return instance.param.label; });

}  // namespace
}  // namespace sac::test
