#include "engine/nn/layers.h"
#include "engine/nn/sequential.h"

namespace sac {
namespace {

std::shared_ptr<const Model> make(const Options& options, SampleShape sample, std::int64_t classes,
                                  const Numerics& numerics) {
  LayerList layers(sample);
  int index = 1;
  for (const std::int64_t width : options.integers("hidden")) {
    layers.add(linear("fc" + std::to_string(index++), layers.shape(), width));
    layers.add(relu(layers.shape()));
  }
  layers.add(linear("fc" + std::to_string(index), layers.shape(), classes));
  return std::make_shared<Sequential>("mlp", sample, numerics, std::move(layers));
}

const Register<ModelEntry> registered{
    {.name = "mlp",
     .summary = "fully connected layers with ReLU between them, on the flattened input",
     .options =
         {{.name = "hidden", .fallback = Ints{128}, .doc = "width of each hidden layer", .min = 1, .max = 65536}},
     .make = make}};

}  // namespace
}  // namespace sac
