#include "engine/nn/layers.h"
#include "engine/nn/sequential.h"

namespace sac {
namespace {

/// Two 3x3 convolutions around which the input skips; the first may halve the image.
void add_block(LayerList& layers, const std::string& name, std::int64_t channels, std::int64_t stride) {
  layers.add(skip_start(layers.shape()));
  layers.add(conv2d(name + ".conv1", layers.shape(),
                    {.channels = channels, .kernel = 3, .stride = stride, .padding = 1, .bias = false}));
  layers.add(batch_norm2d(name + ".bn1", layers.shape(), Activation::kRelu));
  layers.add(conv2d(name + ".conv2", layers.shape(), {.channels = channels, .kernel = 3, .padding = 1, .bias = false}));
  layers.add(batch_norm2d(name + ".bn2", layers.shape(), Activation::kNone));
  layers.add(skip_end(layers.shape(), Activation::kRelu));
}

/// ResNet-20 for CIFAR (He et al., "Deep Residual Learning for Image Recognition", arXiv:1512.03385, section 4.2):
/// three stages of three blocks with 16, 32, 64 channels, parameter-free shortcuts (option A): 269,722 parameters for
/// three input channels and ten classes.
std::shared_ptr<const Model> make(const Options&, SampleShape sample, std::int64_t classes, const Numerics& numerics) {
  require_images("resnet20", sample, 8);
  LayerList layers(sample);
  layers.add(channels_last(layers.shape()));
  layers.add(conv2d("conv1", layers.shape(), {.channels = 16, .kernel = 3, .padding = 1, .bias = false}));
  layers.add(batch_norm2d("bn1", layers.shape(), Activation::kRelu));
  for (std::int64_t stage = 1; stage <= 3; ++stage) {
    for (std::int64_t block = 1; block <= 3; ++block) {
      const std::string name = "stage" + std::to_string(stage) + ".block" + std::to_string(block);
      add_block(layers, name, std::int64_t{8} << stage, stage > 1 && block == 1 ? 2 : 1);
    }
  }
  layers.add(global_avg_pool(layers.shape()));
  layers.add(linear("fc", layers.shape(), classes));
  return std::make_shared<Sequential>("resnet20", sample, numerics, std::move(layers));
}

const Register<ModelEntry> registered{
    {.name = "resnet20",
     .summary = "ResNet-20 for CIFAR-sized images: three stages of three residual blocks (16, 32, 64 channels)",
     .options = {},
     .make = make}};

}  // namespace
}  // namespace sac
