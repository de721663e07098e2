#include <ATen/ops/threshold_backward.h>

#include "engine/nn/dtype.h"
#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"

namespace sac {
namespace {

class Relu final : public Layer {
 public:
  using Layer::Layer;

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    if (pass.aten) return input.relu_();
    with_dtype(input.scalar_type(), [&]<class T>(T) { kernels::relu(input.mutable_data_ptr<T>(), input.numel()); });
    return input;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    if (pass.aten) return at::threshold_backward(gradient, pass.space.output, 0);
    with_dtype(gradient.scalar_type(), [&]<class T>(T) {
      kernels::relu_backward(pass.space.output.const_data_ptr<T>(), gradient.mutable_data_ptr<T>(), gradient.numel());
    });
    return gradient;
  }
};

}  // namespace

std::unique_ptr<Layer> relu(SampleShape input) {
  const auto elements = static_cast<double>(input.size());
  return std::make_unique<Relu>(LayerSpec{.output = input, .forward_flops = elements, .backward_flops = elements});
}

}  // namespace sac
