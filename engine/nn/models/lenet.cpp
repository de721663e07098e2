#include <algorithm>

#include "engine/nn/layers.h"
#include "engine/nn/sequential.h"

namespace sac {
namespace {

/// LeNet-5 (LeCun et al. 1998) with ReLU and max-pooling. Written for 32x32: smaller images are padded by 2.
std::shared_ptr<const Model> make(const Options&, SampleShape sample, std::int64_t classes, const Numerics& numerics) {
  require_images("lenet", sample, 28);
  const std::int64_t padding = std::min(sample.height, sample.width) < 32 ? 2 : 0;
  LayerList layers(sample);
  layers.add(channels_last(layers.shape()));
  layers.add(conv2d("conv1", layers.shape(), {.channels = 6, .kernel = 5, .padding = padding}));
  layers.add(relu_max_pool2d(layers.shape()));
  layers.add(conv2d("conv2", layers.shape(), {.channels = 16, .kernel = 5}));
  layers.add(relu_max_pool2d(layers.shape()));
  layers.add(linear("fc1", layers.shape(), 120));
  layers.add(relu(layers.shape()));
  layers.add(linear("fc2", layers.shape(), 84));
  layers.add(relu(layers.shape()));
  layers.add(linear("fc3", layers.shape(), classes));
  return std::make_shared<Sequential>("lenet", sample, numerics, std::move(layers));
}

const Register<ModelEntry> registered{
    {.name = "lenet",
     .summary = "LeNet-5 with ReLU and max-pooling: two 5x5 convolutions (6, 16 channels), 120 and 84 hidden units",
     .options = {},
     .make = make}};

}  // namespace
}  // namespace sac
