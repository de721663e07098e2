#include "engine/nn/layers.h"
#include "engine/nn/sequential.h"

namespace sac {
namespace {

std::shared_ptr<const Model> make(const Options&, SampleShape sample, std::int64_t classes, const Numerics& numerics) {
  require_images("cnn", sample, 16);
  LayerList layers(sample);
  layers.add(channels_last(layers.shape()));
  layers.add(conv2d("conv1", layers.shape(), {.channels = 16, .kernel = 5}));
  layers.add(relu_max_pool2d(layers.shape()));
  layers.add(conv2d("conv2", layers.shape(), {.channels = 32, .kernel = 5}));
  layers.add(relu_max_pool2d(layers.shape()));
  layers.add(linear("fc1", layers.shape(), 128));
  layers.add(relu(layers.shape()));
  layers.add(linear("fc2", layers.shape(), classes));
  return std::make_shared<Sequential>("cnn", sample, numerics, std::move(layers));
}

const Register<ModelEntry> registered{
    {.name = "cnn",
     .summary = "two 5x5 convolutions (16, 32 channels) with ReLU and 2x2 max-pooling, then 128 hidden units",
     .options = {},
     .make = make}};

}  // namespace
}  // namespace sac
