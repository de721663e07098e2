#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>

#include "engine/nn/layers.h"

namespace sac {
namespace {

/// As many as a polynomial of the error function takes.
constexpr double kFlops = 14.0;

class Gelu final : public Layer {
 public:
  using Layer::Layer;

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    at::Tensor& output = reserve(pass.space.output, input.sizes(), input.options());
    at::gelu_out(output, input);
    return output;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    at::Tensor& result = reserve(pass.space.gradient, gradient.sizes(), gradient.options());
    at::gelu_backward_out(result, gradient, pass.space.input);
    return result;
  }
};

}  // namespace

std::unique_ptr<Layer> gelu(SampleShape input) {
  const double flops = kFlops * static_cast<double>(input.size());
  return std::make_unique<Gelu>(LayerSpec{.output = input, .forward_flops = flops, .backward_flops = flops});
}

}  // namespace sac
