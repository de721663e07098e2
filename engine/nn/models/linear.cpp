#include "engine/nn/layers.h"
#include "engine/nn/sequential.h"

namespace sac {
namespace {

std::shared_ptr<const Model> make(const Options&, SampleShape sample, std::int64_t classes, const Numerics& numerics) {
  LayerList layers(sample);
  layers.add(linear("fc", layers.shape(), classes));
  return std::make_shared<Sequential>("linear", sample, numerics, std::move(layers));
}

const Register<ModelEntry> registered{
    {.name = "linear", .summary = "softmax regression on the flattened input", .options = {}, .make = make}};

}  // namespace
}  // namespace sac
