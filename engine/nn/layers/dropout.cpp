#include "engine/nn/layers.h"

namespace sac {
namespace {

class Dropout final : public Layer {
 public:
  Dropout(LayerSpec spec, DropRule rule) : Layer(std::move(spec)), rule_(rule) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    if (!pass.training) return input;
    pass.space.saved = {drop_factors(rule_, pass.batch.place, input.sizes(), input.options())};
    return input.mul(pass.space.saved.front());
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    return gradient.mul(pass.space.saved.front());
  }

 private:
  DropRule rule_;
};

}  // namespace

std::unique_ptr<Layer> dropout(SampleShape input, const DropRule& rule) {
  const auto flops = static_cast<double>(input.size());
  LayerSpec spec{.output = input, .forward_flops = flops, .backward_flops = flops, .draws = true};
  return std::make_unique<Dropout>(std::move(spec), rule);
}

}  // namespace sac
