#include <map>

#include "engine/core/error.h"
#include "engine/nn/models/blocks.h"

namespace sac {
namespace {

/// Convolutions before each of the five poolings, by depth.
const std::map<std::int64_t, std::vector<int>> kConvolutions{
    {11, {1, 1, 2, 2, 2}}, {13, {2, 2, 2, 2, 2}}, {16, {2, 2, 3, 3, 3}}, {19, {2, 2, 4, 4, 4}}};

/// The convolutions of VGG (Simonyan & Zisserman, "Very Deep Convolutional Networks", ICLR 2015, arXiv:1409.1556) with
/// normalisation, and one linear layer on the mean over the pixels left, as is usual for CIFAR: 14,724,042 parameters
/// for depth 16 on CIFAR-10 (the convolutions have no bias: normalisation would take it away).
std::shared_ptr<const Model> make(const Options& options, SampleShape sample, std::int64_t classes,
                                  const Numerics& numerics) {
  require_images("vgg", sample, 32);
  const std::int64_t depth = options.integer("depth");
  if (!kConvolutions.contains(depth)) {
    throw ConfigError("model.depth = " + std::to_string(depth) + " is no VGG's; choices: 11, 13, 16, 19");
  }
  const NormMaker norm(options);
  LayerList layers(sample);
  layers.add(channels_last(layers.shape()));
  for (std::size_t stage = 0; stage < 5; ++stage) {
    const int count = kConvolutions.at(depth)[stage];
    for (int i = 1; i <= count; ++i) {
      const std::string number = std::to_string(stage + 1) + "_" + std::to_string(i);
      const auto options_of_conv = same_conv(std::min<std::int64_t>(std::int64_t{64} << stage, 512), 3);
      add_conv_norm(layers, "conv" + number, "bn" + number, options_of_conv, norm,
                    i < count ? Activation::kRelu : Activation::kNone);
    }
    layers.add(relu_max_pool2d(layers.shape()));
  }
  layers.add(global_avg_pool(layers.shape()));
  layers.add(linear("fc", layers.shape(), classes));
  return std::make_shared<Sequential>("vgg", sample, numerics, std::move(layers));
}

const Register<ModelEntry> registered{
    {.name = "vgg",
     .summary = "VGG's 3x3 convolutions with normalisation and one linear layer",
     .options =
         joined({{{.name = "depth", .fallback = std::int64_t{16}, .doc = "11, 13, 16 or 19", .min = 11, .max = 19}},
                 norm_options()}),
     .make = make}};

}  // namespace
}  // namespace sac
