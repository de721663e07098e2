#include "engine/core/error.h"
#include "engine/nn/models/blocks.h"

namespace sac {
namespace {

/// Normalisation before convolution; where the block changes the shape, the projection takes the normalised input.
void add_block(LayerList& layers, const std::string& name, std::int64_t channels, std::int64_t stride,
               const NormMaker& norm) {
  const SampleShape input = layers.shape();
  const bool projects = stride != 1 || input.channels != channels;
  if (projects) layers.add(norm(name + ".bn1", input, Activation::kRelu));
  layers.add(skip_start(input));
  if (projects) layers.add(on_skip(conv2d(name + ".shortcut", input, same_conv(channels, 1, stride)), input));
  if (!projects) layers.add(norm(name + ".bn1", input, Activation::kRelu));
  add_conv_norm(layers, name + ".conv1", name + ".bn2", same_conv(channels, 3, stride), norm, Activation::kRelu);
  layers.add(conv2d(name + ".conv2", layers.shape(), same_conv(channels, 3)));
  layers.add(skip_end(layers.shape(), Activation::kNone));
}

/// Wide residual network (Zagoruyko & Komodakis, "Wide Residual Networks", BMVC 2016, arXiv:1605.07146): three stages
/// of (depth - 4) / 6 blocks with 16, 32, 64 times `widen` channels, without dropout. 36,479,194 parameters for
/// WRN-28-10 on CIFAR-10.
std::shared_ptr<const Model> make(const Options& options, SampleShape sample, std::int64_t classes,
                                  const Numerics& numerics) {
  require_images("wide_resnet", sample, 8);
  const std::int64_t depth = options.integer("depth");
  if (depth % 6 != 4) {
    throw ConfigError("model.depth = " + std::to_string(depth) +
                      " is no 6 n + 4; choices: 10, 16, 22, 28, 34, 40, ...");
  }
  const NormMaker norm(options);
  LayerList layers(sample);
  layers.add(channels_last(layers.shape()));
  layers.add(conv2d("conv1", layers.shape(), same_conv(16, 3)));
  for (std::int64_t stage = 1; stage <= 3; ++stage) {
    const std::int64_t channels = (std::int64_t{8} << stage) * options.integer("widen");
    for (std::int64_t block = 1; block <= (depth - 4) / 6; ++block) {
      const std::string name = "stage" + std::to_string(stage) + ".block" + std::to_string(block);
      add_block(layers, name, channels, stage > 1 && block == 1 ? 2 : 1, norm);
    }
  }
  layers.add(norm("bn", layers.shape(), Activation::kRelu));
  layers.add(global_avg_pool(layers.shape()));
  layers.add(linear("fc", layers.shape(), classes));
  return std::make_shared<Sequential>("wide_resnet", sample, numerics, std::move(layers));
}

const Register<ModelEntry> registered{
    {.name = "wide_resnet",
     .summary = "wide residual network for CIFAR-sized images, WRN-depth-widen",
     .options =
         joined({{{.name = "depth", .fallback = std::int64_t{16}, .doc = "layers, 6 n + 4", .min = 10, .max = 1000},
                  {.name = "widen",
                   .fallback = std::int64_t{4},
                   .doc = "channels over those of the ResNet for CIFAR (16, 32, 64)",
                   .min = 1,
                   .max = 64}},
                 norm_options()}),
     .make = make}};

}  // namespace
}  // namespace sac
