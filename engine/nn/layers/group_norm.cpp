#include <ATen/ops/native_group_norm.h>
#include <ATen/ops/native_group_norm_backward.h>
#include <ATen/ops/threshold_backward.h>

#include "engine/nn/layers.h"
#include "engine/parallel/parallel.h"

namespace sac {
namespace {

constexpr double kEpsilon = 1e-5;
// Mean 1, variance 3, scale and shift 4; backwards as batch normalisation.
constexpr double kForwardFlops = 8.0;
constexpr double kBackwardFlops = 8.0;

class GroupNorm final : public Layer {
 public:
  GroupNorm(LayerSpec spec, std::int64_t groups, Activation activation)
      : Layer(std::move(spec)), groups_(groups), relu_(activation == Activation::kRelu) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    pass.space.output.reset();  // hands last call's memory back first: ATen allocates its result
    const SampleShape& shape = spec().output;
    auto [normalised, mean, inverse] =
        at::native_group_norm(ordered(input), pass.weight(0), pass.weight(1), input.size(0), shape.channels,
                              shape.height * shape.width, groups_, kEpsilon);
    pass.space.saved = {mean, inverse};
    const at::Tensor output = as_nhwc(normalised).contiguous();
    return relu_ ? output.relu_() : output;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    const SampleShape& shape = spec().output;
    const auto& saved = pass.space.saved;
    const ThreadScope one(1);  // ATen sums the parameters' gradients by threads
    const at::Tensor rectified = relu_ ? at::threshold_backward(gradient, pass.space.output, 0) : gradient;
    const auto [result, weight_gradient, bias_gradient] = at::native_group_norm_backward(
        ordered(rectified), ordered(pass.space.input), saved[0], saved[1], pass.weight(0), gradient.size(0),
        shape.channels, shape.height * shape.width, groups_, {true, true, true});
    pass.views.gradients[0].copy_(weight_gradient);
    pass.views.gradients[1].copy_(bias_gradient);
    return as_nhwc(result).contiguous();
  }

 private:
  /// [B, C, H, W] in the order of memory that ATen asks for: on the CPU any, on a GPU channels first.
  static at::Tensor ordered(const at::Tensor& nhwc) {
    return nhwc.is_cpu() ? as_nchw(nhwc) : as_nchw(nhwc).contiguous();
  }

  std::int64_t groups_;
  bool relu_;
};

}  // namespace

std::unique_ptr<Layer> group_norm(std::string name, SampleShape input, std::int64_t groups, Activation activation) {
  const double relu = activation == Activation::kRelu ? 1.0 : 0.0;
  const auto elements = static_cast<double>(input.size());
  const std::vector<std::int64_t> shape{input.channels};
  LayerSpec spec{.name = std::move(name),
                 .parameters = {{"weight", shape, {1.0, 1.0}}, {"bias", shape, {0.0, 0.0}}},
                 .output = input,
                 .forward_flops = (kForwardFlops + relu) * elements,
                 .backward_flops = (kBackwardFlops + relu) * elements};
  return std::make_unique<GroupNorm>(std::move(spec), groups, activation);
}

}  // namespace sac
