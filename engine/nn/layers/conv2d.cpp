#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>

#include <cmath>

#include "engine/nn/layers.h"
#include "engine/parallel/parallel.h"

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
    pass.space.gradient.reset();
    const bool whole = pass.aten;
    const auto [of_input, of_weight, of_bias] =
        gradients(pass.weight(0), gradient, pass.space.input, {input_gradient, whole, whole && has_bias});
    if (whole) {
      pass.views.gradients[0].copy_(as_nhwc(of_weight));
      if (has_bias) pass.views.gradients[1].copy_(of_bias);
    } else {
      parameter_gradients(pass, gradient);
    }
    return input_gradient ? as_nhwc(of_input).contiguous() : at::Tensor();
  }

 private:
  /// Of input, weight and bias.
  using Gradients = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

  [[nodiscard]] Gradients gradients(const at::Tensor& weight, const at::Tensor& gradient, const at::Tensor& input,
                                    std::array<bool, 3> wanted) const {
    if (!wanted[0] && !wanted[1] && !wanted[2]) return {};
    const std::int64_t channels = weight.size(0);
    const auto bias_sizes = wanted[2] ? at::OptionalIntArrayRef(channels) : std::nullopt;
    return at::convolution_backward(as_nchw(gradient), as_nchw(input), as_nchw(weight), bias_sizes, stride_, padding_,
                                    {1, 1}, /*transposed=*/false, {0, 0}, /*groups=*/1, wanted);
  }

  /// They sum over the batch, of which oneDNN gives a share to each thread it has; so each part of them is its own call.
  void parameter_gradients(const Pass& pass, const at::Tensor& gradient) const {
    const bool many_weights = pass.weight(0).numel() > pass.space.input.numel() + gradient.numel();
    const double work = spec().forward_flops * static_cast<double>(gradient.size(0));
    if (many_weights) {
      parameter_gradients_by_channels(pass, gradient, parts_of(spec().output.channels, work));
    } else {
      parameter_gradients_by_samples(pass, gradient, parts_of(gradient.size(0), work));
    }
  }

  void parameter_gradients_by_channels(const Pass& pass, const at::Tensor& gradient, std::int64_t parts) const {
    const bool has_bias = pass.views.gradients.size() > 1;
    const at::Tensor weight = pass.weight(0);
    in_parts(spec().output.channels, parts, [&](std::int64_t, std::int64_t begin, std::int64_t size) {
      const auto [none, of_weight, of_bias] =
          gradients(weight.narrow(0, begin, size), gradient.narrow(3, begin, size).contiguous(), pass.space.input,
                    {false, true, has_bias});
      pass.views.gradients[0].narrow(0, begin, size).copy_(as_nhwc(of_weight));
      if (has_bias) pass.views.gradients[1].narrow(0, begin, size).copy_(of_bias);
    });
  }

  void parameter_gradients_by_samples(const Pass& pass, const at::Tensor& gradient, std::int64_t parts) const {
    const bool has_bias = pass.views.gradients.size() > 1;
    const at::Tensor weight = pass.weight(0);
    std::vector<Gradients> terms(static_cast<std::size_t>(parts));
    in_parts(gradient.size(0), parts, [&](std::int64_t part, std::int64_t begin, std::int64_t size) {
      terms[static_cast<std::size_t>(part)] = gradients(
          weight, gradient.narrow(0, begin, size), pass.space.input.narrow(0, begin, size), {false, true, has_bias});
    });
    for (std::size_t part = 0; part < terms.size(); ++part) {
      const auto& [none, of_weight, of_bias] = terms[part];
      if (part == 0) {
        pass.views.gradients[0].copy_(as_nhwc(of_weight));
        if (has_bias) pass.views.gradients[1].copy_(of_bias);
      } else {
        pass.views.gradients[0].add_(as_nhwc(of_weight));
        if (has_bias) pass.views.gradients[1].add_(of_bias);
      }
    }
  }

  std::array<std::int64_t, 2> stride_;
  std::array<std::int64_t, 2> padding_;
};

}  // namespace

std::unique_ptr<Layer> conv2d(std::string name, SampleShape input, const Conv2dOptions& options) {
  return std::make_unique<Conv2d>(describe(std::move(name), input, options), options);
}

}  // namespace sac
