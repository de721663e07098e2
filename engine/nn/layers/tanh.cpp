#include <ATen/ops/tanh.h>
#include <ATen/ops/tanh_backward.h>

#include "engine/nn/layers.h"

namespace sac {
namespace {

constexpr double kFlops = 10.0;

class Tanh final : public Layer {
 public:
  using Layer::Layer;

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    at::Tensor& output = reserve(pass.space.output, input.sizes(), input.options());
    return at::tanh_out(output, input);
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    at::Tensor& result = reserve(pass.space.gradient, gradient.sizes(), gradient.options());
    return at::tanh_backward_out(result, gradient, pass.space.output);
  }
};

}  // namespace

std::unique_ptr<Layer> tanh(SampleShape input) {
  const double flops = kFlops * static_cast<double>(input.size());
  return std::make_unique<Tanh>(LayerSpec{.output = input, .forward_flops = flops, .backward_flops = flops});
}

}  // namespace sac
