// What models are before they compute: sizes, layouts, FLOPs, initial values, refusals.
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/core/error.h"
#include "tests/nn/replica.h"

namespace sac::test {
namespace {

using testing::ElementsAre;
using testing::ThrowsMessage;

constexpr SampleShape kGray{1, 28, 28};
constexpr SampleShape kRgb{3, 32, 32};
constexpr SampleShape kImageNet{3, 224, 224};

std::int64_t parameter_count(const std::string& name, SampleShape sample, const ValueMap& options = {}) {
  return make_model(name, sample, at::kFloat, options)->layout().parameter_count();
}

TEST(Models, HaveThePublishedNumberOfParameters) {
  EXPECT_EQ(parameter_count("linear", kGray), 7850);
  EXPECT_EQ(parameter_count("mlp", kGray), 101770);
  EXPECT_EQ(parameter_count("mlp", kGray, {{"hidden", Ints{300, 100}}}), 266610);
  EXPECT_EQ(parameter_count("lenet", kGray), 61706);
  EXPECT_EQ(parameter_count("lenet", kRgb), 62006);
  EXPECT_EQ(parameter_count("cnn", kGray), 80202);
  EXPECT_EQ(parameter_count("resnet20", kRgb), 269722);
  EXPECT_EQ(parameter_count("resnet18", kRgb), 11173962);
  EXPECT_EQ(parameter_count("resnet9", kRgb), 6573130);
  EXPECT_EQ(parameter_count("vgg", kRgb), 14724042);
  EXPECT_EQ(parameter_count("wide_resnet", kRgb, {{"depth", std::int64_t{28}}, {"widen", std::int64_t{10}}}), 36479194);
  const ValueMap base{{"layers", std::int64_t{12}}, {"heads", std::int64_t{12}}, {"width", std::int64_t{768}}};
  EXPECT_EQ(make_model("bert", {1, 1, 512, 30522}, at::kFloat, base, 2)->layout().parameter_count(),
            109482240 + 2 * 768 + 2);
  EXPECT_EQ(make_model("resnet50", kImageNet, at::kFloat, {}, 1000)->layout().parameter_count(), 25557032);
  EXPECT_EQ(make_model("resnet18", kImageNet, at::kFloat, {}, 1000)->layout().parameter_count(), 11689512);
  EXPECT_EQ(make_model("transformer_lm", {1, 1, 64, 65}, at::kFloat, {}, 65)->layout().parameter_count(), 818241);
}

TEST(Models, LayoutIsContiguousInForwardOrder) {
  for (const std::string& name : Registry<ModelEntry>::instance().names()) {
    const Layout layout = make_model(name, fitting_sample(name), at::kFloat)->layout();
    std::int64_t end = 0;
    for (const TensorInfo& tensor : layout.parameters) {
      EXPECT_EQ(tensor.range.begin, end) << name << ' ' << tensor.name;
      EXPECT_EQ(tensor.range.size(), c10::multiply_integers(tensor.shape)) << name << ' ' << tensor.name;
      const LayerInfo& layer = layout.layers.at(static_cast<std::size_t>(tensor.layer));
      EXPECT_TRUE(tensor.name.starts_with(layer.name + ".")) << tensor.name;
      EXPECT_GE(tensor.range.begin, layer.parameters.begin);
      EXPECT_LE(tensor.range.end, layer.parameters.end);
      end = tensor.range.end;
    }
    EXPECT_EQ(end, layout.parameter_count());
    end = 0;
    for (const LayerInfo& layer : layout.layers) {
      EXPECT_EQ(layer.parameters.begin, end) << name << ' ' << layer.name;
      end = layer.parameters.end;
    }
  }
}

TEST(Models, BuffersAreTheStatisticsOfTheirLayer) {
  const Layout layout = make_model("resnet20", kRgb, at::kFloat)->layout();
  EXPECT_EQ(layout.buffer_count(), 2 * (16 + 6 * (16 + 32 + 64)));
  EXPECT_EQ(layout.layers[1].name, "bn1");
  EXPECT_EQ(layout.layers[1].buffers, (Range{0, 32}));
  EXPECT_EQ(layout.layers[2].buffers.size(), 0);
  EXPECT_EQ(layout.buffers[3].name, "stage1.block1.bn1.running_var");
  EXPECT_EQ(make_model("cnn", kGray, at::kFloat)->layout().buffer_count(), 0);
}

TEST(Flops, OfTheMlpByHand) {
  const Layout layout = make_model("mlp", kGray, at::kFloat)->layout();
  EXPECT_EQ(layout.layers[0].forward_flops, 2.0 * 784 * 128 + 128);         // products, ReLU
  EXPECT_EQ(layout.layers[0].backward_flops, 2.0 * 784 * 128 + 128 + 128);  // weight, bias, ReLU; no input gradient
  EXPECT_EQ(layout.layers[1].forward_flops, 2.0 * 128 * 10);
  EXPECT_EQ(layout.layers[1].backward_flops, 2 * 2.0 * 128 * 10 + 10);
  EXPECT_EQ(layout.forward_flops(), layout.layers[0].forward_flops + layout.layers[1].forward_flops);
}

TEST(Flops, OfTheCnnByHand) {
  const Layout layout = make_model("cnn", kGray, at::kFloat)->layout();
  const double conv1 = 2.0 * 25 * 16 * 24 * 24;
  const double conv2 = 2.0 * 25 * 16 * 32 * 8 * 8;
  const double pixels1 = 16 * 24 * 24;
  const double pixels2 = 32 * 8 * 8;
  EXPECT_EQ(layout.layers[0].forward_flops, conv1 + pixels1);
  EXPECT_EQ(layout.layers[0].backward_flops, conv1 + pixels1 + pixels1);
  EXPECT_EQ(layout.layers[1].forward_flops, conv2 + pixels2);
  EXPECT_EQ(layout.layers[1].backward_flops, 2 * conv2 + pixels2 + pixels2);
  EXPECT_EQ(layout.layers[2].forward_flops, 2.0 * 512 * 128 + 128);
  EXPECT_EQ(layout.layers[2].backward_flops, 2 * 2.0 * 512 * 128 + 128 + 128);
}

TEST(Flops, OfTheResnetAreTheFortyMillionMultiplyAddsOfThePaper) {
  const Layout layout = make_model("resnet20", kRgb, at::kFloat)->layout();
  EXPECT_NEAR(layout.forward_flops() / 2.0, 40.8e6, 1.0e6);
  EXPECT_NEAR(layout.backward_flops() / layout.forward_flops(), 2.0, 0.05);
}

TEST(Initialise, IsAFunctionOfTheSeedAlone) {
  const auto model = make_model("cnn", kGray, at::kFloat);
  const Replica first(model, 1);
  const Replica again(make_model("cnn", kGray, at::kFloat), 1);
  const Replica other(model, 2);
  EXPECT_TRUE(at::equal(first.parameters, again.parameters));
  EXPECT_FALSE(at::equal(first.parameters, other.parameters));
}

TEST(Initialise, Float32IsFloat64Rounded) {
  const Replica narrow(make_model("resnet20", kRgb, at::kFloat), 5);
  const Replica wide(make_model("resnet20", kRgb, at::kDouble), 5);
  EXPECT_TRUE(at::equal(narrow.parameters, wide.parameters.to(at::kFloat)));
}

TEST(Initialise, IsUniformWithinOneOverTheRootOfTheFanIn) {
  const Replica replica(make_model("cnn", kGray, at::kDouble), 3);
  const std::vector<double> fan_in{25, 25, 400, 400, 512, 512, 128, 128};
  for (std::size_t i = 0; i < fan_in.size(); ++i) {
    const TensorInfo& info = replica.model->layout().parameters[i];
    const at::Tensor values = replica.parameters.narrow(0, info.range.begin, info.range.size());
    const double bound = 1.0 / std::sqrt(fan_in[i]);
    EXPECT_LE(values.abs().max().item<double>(), bound) << info.name;
    if (info.range.size() < 400) continue;
    const double deviation = bound / std::sqrt(3.0 * static_cast<double>(info.range.size()));  // of the mean
    EXPECT_NEAR(values.mean().item<double>(), 0.0, 4.0 * deviation) << info.name;
    EXPECT_NEAR(values.square().mean().item<double>(), bound * bound / 3.0, 0.15 * bound * bound) << info.name;
  }
}

TEST(Initialise, BatchNormStartsAsTheIdentity) {
  const Replica replica(make_model("resnet20", kRgb, at::kFloat), 3);
  const Layout& layout = replica.model->layout();
  const at::Tensor norm = replica.parameters.narrow(0, layout.layers[1].parameters.begin, 32);
  EXPECT_TRUE(at::equal(norm, at::cat({at::ones({16}), at::zeros({16})})));
  EXPECT_TRUE(at::equal(replica.buffers.narrow(0, 0, 32), at::cat({at::zeros({16}), at::ones({16})})));
}

TEST(Models, RefuseFeaturesWhereTheyNeedImages) {
  const auto refusal = [](const std::string& message) { return ThrowsMessage<ConfigError>(message); };
  EXPECT_THAT(
      [] {
        make_model("lenet", {20, 1, 1}, at::kFloat);
      },
      refusal("model 'lenet' needs images of at least 28x28, got 1x1"));
  EXPECT_THAT(
      [] {
        make_model("cnn", {1, 15, 40}, at::kFloat);
      },
      refusal("model 'cnn' needs images of at least 16x16, got 15x40"));
  EXPECT_THAT(
      [] {
        make_model("resnet20", {3, 8, 7}, at::kFloat);
      },
      refusal("model 'resnet20' needs images of at least 8x8, got 8x7"));
}

TEST(Models, RefuseOptionsThatDoNotGoTogether) {
  const auto refusal = [](const std::string& name, const ValueMap& options, const std::string& message) {
    EXPECT_THAT([&] { make_model(name, fitting_sample(name), at::kFloat, options); },
                ThrowsMessage<ConfigError>(message));
  };
  refusal("transformer_lm", {{"heads", std::int64_t{3}}}, "model.heads = 3 does not divide model.width = 128");
  refusal("wide_resnet", {{"depth", std::int64_t{18}}},
          "model.depth = 18 is no 6 n + 4; choices: 10, 16, 22, 28, 34, 40, ...");
  refusal("vgg", {{"depth", std::int64_t{12}}}, "model.depth = 12 is no VGG's; choices: 11, 13, 16, 19");
  refusal("resnet9", {{"norm", std::string("group")}, {"groups", std::int64_t{7}}},
          "model.groups = 7 does not divide the 64 channels of layer 'prep.bn'; it must divide all");
}

TEST(Models, RefuseTokensWhereTheyNeedNumbersAndTheOtherWayRound) {
  EXPECT_THAT(
      [] {
        make_model("mlp", {1, 1, 6, 10}, at::kFloat);
      },
      ThrowsMessage<ConfigError>("model 'mlp' takes images or features, but the samples of this data set are "
                                 "sequences of tokens; models for tokens: bert, transformer_lm"));
  EXPECT_THAT(
      [] { make_model("transformer_lm", kGray, at::kFloat); },
      ThrowsMessage<ConfigError>("model 'transformer_lm' needs sequences of tokens (data sets tiny_shakespeare, "
                                 "text, ...), got samples of 1x28x28"));
}

TEST(Flops, OfResnet50AreTheFourBillionMultiplyAddsOfThePaper) {
  const Layout layout = make_model("resnet50", kImageNet, at::kFloat, {}, 1000)->layout();
  EXPECT_NEAR(layout.forward_flops() / 2.0, 4.1e9, 0.1e9);
}

TEST(Models, RefuseHiddenWidthsBelowOne) {
  EXPECT_THROW(make_model("mlp", kGray, at::kFloat, {{"hidden", Ints{0}}}), ConfigError);
  EXPECT_THROW(make_model("mlp", kGray, at::kFloat, {{"hidden", std::int64_t{128}}}), ConfigError);
  EXPECT_THROW(make_model("cnn", kGray, at::kFloat, {{"hidden", Ints{128}}}), ConfigError);
}

TEST(Models, AreRegisteredUnderTheirNames) {
  EXPECT_THAT(Registry<ModelEntry>::instance().names(),
              ElementsAre("bert", "cnn", "lenet", "linear", "mlp", "resnet18", "resnet20", "resnet50", "resnet9",
                          "transformer_lm", "vgg", "wide_resnet"));
}

}  // namespace
}  // namespace sac::test
