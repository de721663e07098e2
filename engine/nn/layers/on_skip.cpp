#include <utility>

#include "engine/nn/layers.h"

namespace sac {
namespace {

LayerSpec beside(LayerSpec spec, SampleShape path) {
  spec.output = path;
  return spec;
}

/// Works on the open skip connection; what passes by on the way through the block stays as it is.
class OnSkip final : public Layer {
 public:
  OnSkip(std::unique_ptr<Layer> inner, SampleShape path)
      : Layer(beside(inner->spec(), path)), inner_(std::move(inner)) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    LayerSpace& space = own_space(pass);
    space.input = pass.batch.skip.value;
    space.output = inner_->forward(inner_pass(pass, space), space.input);
    pass.batch.skip.value = space.output;
    return input;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    pass.batch.skip.gradient = inner_->backward(inner_pass(pass, own_space(pass)), pass.batch.skip.gradient, true);
    return gradient;
  }

 private:
  static LayerSpace& own_space(const Pass& pass) {
    if (pass.space.inner.empty()) pass.space.inner.resize(1);
    return pass.space.inner.front();
  }
  static Pass inner_pass(const Pass& pass, LayerSpace& space) {
    return {pass.views, space, pass.batch, pass.training, pass.aten, pass.sum};
  }

  std::unique_ptr<Layer> inner_;
};

}  // namespace

std::unique_ptr<Layer> on_skip(std::unique_ptr<Layer> layer, SampleShape path) {
  return std::make_unique<OnSkip>(std::move(layer), path);
}

}  // namespace sac
