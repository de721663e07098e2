#include "engine/nn/layers.h"

namespace sac {
namespace {

class FirstToken final : public Layer {
 public:
  using Layer::Layer;

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    const at::Tensor first = input.select(2, 0).squeeze(1);
    return reserve(pass.space.output, first.sizes(), input.options()).copy_(first);
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    at::Tensor& result = reserve(pass.space.gradient, pass.space.input.sizes(), gradient.options()).zero_();
    result.select(2, 0).squeeze(1).copy_(gradient);
    return result;
  }
};

}  // namespace

std::unique_ptr<Layer> first_token(SampleShape input) {
  return std::make_unique<FirstToken>(LayerSpec{.output = {input.channels, 1, 1}, .row = true});
}

}  // namespace sac
