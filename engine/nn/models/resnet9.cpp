#include "engine/nn/models/blocks.h"

namespace sac {
namespace {

/// Two convolutions around which the input skips; nothing rectifies the sum.
void add_residual(LayerList& layers, const std::string& name, const NormMaker& norm) {
  const std::int64_t channels = layers.shape().channels;
  layers.add(skip_start(layers.shape()));
  add_conv_norm(layers, name + ".conv1", name + ".bn1", same_conv(channels, 3), norm, Activation::kRelu);
  add_conv_norm(layers, name + ".conv2", name + ".bn2", same_conv(channels, 3), norm, Activation::kRelu);
  layers.add(skip_end(layers.shape(), Activation::kNone));
}

/// The fast network for CIFAR-10 (Page, "How to Train Your ResNet", 2018): a convolution, then three that double the
/// channels and halve the image, the first and the last followed by a residual block; the maximum over what is left.
/// 6,573,130 parameters at width 64 for three input channels and ten classes.
std::shared_ptr<const Model> make(const Options& options, SampleShape sample, std::int64_t classes,
                                  const Numerics& numerics) {
  require_images("resnet9", sample, 8);
  const NormMaker norm(options);
  const std::int64_t width = options.integer("width");
  LayerList layers(sample);
  layers.add(channels_last(layers.shape()));
  add_conv_norm(layers, "prep.conv", "prep.bn", same_conv(width, 3), norm, Activation::kRelu);
  for (int stage = 1; stage <= 3; ++stage) {
    const std::string name = "layer" + std::to_string(stage);
    add_conv_norm(layers, name + ".conv", name + ".bn", same_conv(width << stage, 3), norm, Activation::kNone);
    layers.add(relu_max_pool2d(layers.shape()));
    if (stage != 2) add_residual(layers, name + ".residual", norm);
  }
  const std::int64_t side = std::min(layers.shape().height, layers.shape().width);
  layers.add(max_pool2d(layers.shape(), {.side = side, .stride = side}));
  layers.add(linear("fc", layers.shape(), classes));
  return std::make_shared<Sequential>("resnet9", sample, numerics, std::move(layers));
}

const Register<ModelEntry> registered{
    {.name = "resnet9",
     .summary = "ResNet-9, fast on CIFAR-10: four convolutions and two residual blocks",
     .options = joined({{{.name = "width",
                          .fallback = std::int64_t{64},
                          .doc = "channels of the first convolution; the last has eight times as many",
                          .min = 1,
                          .max = 4096}},
                        norm_options()}),
     .make = make}};

}  // namespace
}  // namespace sac
