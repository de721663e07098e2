#include <array>

#include "engine/nn/models/blocks.h"

namespace sac {
namespace {

/// Residual networks with projections where a block changes the shape (He et al., "Deep Residual Learning for Image
/// Recognition", arXiv:1512.03385, option B). Layers are named as torchvision's; in a bottleneck the 3x3 convolution
/// takes the stride, as there.
class Builder {
 public:
  Builder(LayerList& layers, NormMaker norm, bool bottleneck)
      : layers_(layers), norm_(std::move(norm)), bottleneck_(bottleneck) {}

  void block(const std::string& name, std::int64_t channels, std::int64_t stride) {
    const std::int64_t out = bottleneck_ ? 4 * channels : channels;
    layers_.add(skip_start(layers_.shape()));
    if (stride != 1 || layers_.shape().channels != out) project(name + ".downsample", out, stride);
    if (bottleneck_) {
      conv(name, "1", same_conv(channels, 1), Activation::kRelu);
      conv(name, "2", same_conv(channels, 3, stride), Activation::kRelu);
      conv(name, "3", same_conv(out, 1), Activation::kNone);
    } else {
      conv(name, "1", same_conv(channels, 3, stride), Activation::kRelu);
      conv(name, "2", same_conv(channels, 3), Activation::kNone);
    }
    layers_.add(skip_end(layers_.shape(), Activation::kRelu));
  }

 private:
  void conv(const std::string& block, const std::string& number, const Conv2dOptions& options, Activation activation) {
    add_conv_norm(layers_, block + ".conv" + number, block + ".bn" + number, options, norm_, activation);
  }

  void project(const std::string& name, std::int64_t channels, std::int64_t stride) {
    const SampleShape path = layers_.shape();
    auto convolution = conv2d(name + ".0", path, same_conv(channels, 1, stride));
    auto normalisation = norm_(name + ".1", convolution->spec().output, Activation::kNone);
    layers_.add(on_skip(std::move(convolution), path));
    layers_.add(on_skip(std::move(normalisation), path));
  }

  LayerList& layers_;
  NormMaker norm_;
  bool bottleneck_;
};

/// Images up to this side take the stem for CIFAR where the options leave it open.
constexpr std::int64_t kSmallSide = 64;

/// 7x7 convolution and pooling, a sixteenth of the pixels; for CIFAR a 3x3 convolution that keeps them.
void add_stem(LayerList& layers, const std::string& stem, const NormMaker& norm) {
  const SampleShape image = layers.shape();
  const bool small = stem == "auto" ? std::max(image.height, image.width) <= kSmallSide : stem == "cifar";
  layers.add(channels_last(image));
  add_conv_norm(layers, "conv1", "bn1", small ? same_conv(64, 3) : same_conv(64, 7, 2), norm, Activation::kRelu);
  if (!small) layers.add(max_pool2d(layers.shape(), {.side = 3, .stride = 2, .padding = 1}));
}

ModelEntry entry(std::string name, std::string summary, std::array<int, 4> blocks, bool bottleneck) {
  const auto make = [name, blocks, bottleneck](const Options& options, SampleShape sample, std::int64_t classes,
                                               const Numerics& numerics) {
    require_images(name, sample, 8);
    const NormMaker norm(options);
    LayerList layers(sample);
    add_stem(layers, options.text("stem"), norm);
    Builder builder(layers, norm, bottleneck);
    for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
      for (int block = 0; block < blocks[stage]; ++block) {
        builder.block("layer" + std::to_string(stage + 1) + "." + std::to_string(block), std::int64_t{64} << stage,
                      stage > 0 && block == 0 ? 2 : 1);
      }
    }
    layers.add(global_avg_pool(layers.shape()));
    layers.add(linear("fc", layers.shape(), classes));
    return std::make_shared<Sequential>(name, sample, numerics, std::move(layers));
  };
  return {.name = std::move(name),
          .summary = std::move(summary),
          .options = joined({{{.name = "stem",
                               .fallback = std::string("auto"),
                               .doc = "first layers: auto takes cifar's for images up to 64x64",
                               .choices = {"auto", "imagenet", "cifar"}}},
                             norm_options()}),
          .make = make};
}

const Register<ModelEntry> resnet18{
    entry("resnet18", "ResNet-18: four stages of two residual blocks (64 to 512 channels)", {2, 2, 2, 2}, false)};
const Register<ModelEntry> resnet50{entry(
    "resnet50", "ResNet-50: four stages of 3, 4, 6, 3 bottleneck blocks (256 to 2048 channels)", {3, 4, 6, 3}, true)};

}  // namespace
}  // namespace sac
