#include "engine/nn/dtype.h"
#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"

namespace sac {
namespace {

/// max(., 0) and the maximum commute, so one pass over the input does both.
class ReluMaxPool2d final : public Layer {
 public:
  ReluMaxPool2d(LayerSpec spec, SampleShape input) : Layer(std::move(spec)), input_(input) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    const SampleShape& out = spec().output;
    at::Tensor& output =
        reserve(pass.space.output, {input.size(0), out.height, out.width, out.channels}, input.scalar_type());
    with_dtype(input.scalar_type(), [&]<class T>(T) {
      for (std::int64_t b = 0; b < input.size(0); ++b) {
        kernels::relu_max_pool2d(input.const_data_ptr<T>() + b * input_.size(), input_,
                                 output.mutable_data_ptr<T>() + b * out.size());
      }
    });
    return output;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    const at::Tensor& input = pass.space.input;  // its gradient takes its place
    with_dtype(input.scalar_type(), [&]<class T>(T) {
      for (std::int64_t b = 0; b < input.size(0); ++b) {
        const std::int64_t pooled = b * spec().output.size();
        kernels::relu_max_pool2d_backward(pass.space.output.const_data_ptr<T>() + pooled,
                                          gradient.const_data_ptr<T>() + pooled, input_,
                                          input.mutable_data_ptr<T>() + b * input_.size());
      }
    });
    return input;
  }

 private:
  SampleShape input_;
};

}  // namespace

std::unique_ptr<Layer> relu_max_pool2d(SampleShape input) {
  const auto elements = static_cast<double>(input.size());
  LayerSpec spec{.output = {input.channels, input.height / 2, input.width / 2},
                 .forward_flops = elements,
                 .backward_flops = elements};
  return std::make_unique<ReluMaxPool2d>(std::move(spec), input);
}

}  // namespace sac
