#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>

#include <cmath>

#include "engine/nn/layers.h"

namespace sac {
namespace {

LayerSpec describe(std::string name, SampleShape input, const Conv2dOptions& options) {
  const std::int64_t fan_in = options.kernel * options.kernel * input.channels;
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  const auto side = [&](std::int64_t length) {
    return (length + 2 * options.padding - options.kernel) / options.stride + 1;
  };
  const SampleShape output{options.channels, side(input.height), side(input.width)};
  const double products = 2.0 * static_cast<double>(fan_in * output.size());
  LayerSpec spec{
      .name = std::move(name),
      .parameters = {{"weight", {options.channels, options.kernel, options.kernel, input.channels}, {-bound, bound}}},
      .output = output,
      .forward_flops = products,
      .backward_flops = products + (options.bias ? static_cast<double>(output.size()) : 0.0),
      .input_gradient_flops = products};
  if (options.bias) spec.parameters.push_back({"bias", {options.channels}, {-bound, bound}});
  return spec;
}

class Conv2d final : public Layer {
 public:
  Conv2d(LayerSpec spec, const Conv2dOptions& options)
      : Layer(std::move(spec)), stride_{options.stride, options.stride}, padding_{options.padding, options.padding} {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    const bool has_bias = pass.views.parameters.size() > 1;
    const auto bias = has_bias ? std::optional<at::Tensor>(pass.weight(1)) : std::nullopt;
    pass.space.output.reset();  // hands last call's memory back first: ATen's convolution allocates its result
    return as_nhwc(at::convolution(as_nchw(input), as_nchw(pass.weight(0)), bias, stride_, padding_, {1, 1},
                                   /*transposed=*/false, {0, 0}, /*groups=*/1))
        .contiguous();
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool input_gradient) const override {
    const bool has_bias = pass.views.gradients.size() > 1;
    const auto bias_sizes = has_bias ? at::OptionalIntArrayRef(spec().output.channels) : std::nullopt;
    pass.space.gradient.reset();
    const auto [input_result, weight_result, bias_result] = at::convolution_backward(
        as_nchw(gradient), as_nchw(pass.space.input), as_nchw(pass.weight(0)), bias_sizes, stride_, padding_, {1, 1},
        /*transposed=*/false, {0, 0}, /*groups=*/1, {input_gradient, true, has_bias});
    pass.views.gradients[0].copy_(as_nhwc(weight_result));
    if (has_bias) pass.views.gradients[1].copy_(bias_result);
    return input_gradient ? as_nhwc(input_result).contiguous() : at::Tensor();
  }

 private:
  std::array<std::int64_t, 2> stride_;
  std::array<std::int64_t, 2> padding_;
};

}  // namespace

std::unique_ptr<Layer> conv2d(std::string name, SampleShape input, const Conv2dOptions& options) {
  return std::make_unique<Conv2d>(describe(std::move(name), input, options), options);
}

}  // namespace sac
