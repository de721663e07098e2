#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/native_layer_norm_backward.h>

#include "engine/nn/layers.h"
#include "engine/parallel/parallel.h"

namespace sac {
namespace {

// Mean 1, variance 3, scale and shift 4; backwards as batch normalisation.
constexpr double kForwardFlops = 8.0;
constexpr double kBackwardFlops = 9.0;

class LayerNorm final : public Layer {
 public:
  LayerNorm(LayerSpec spec, double epsilon) : Layer(std::move(spec)), epsilon_(epsilon) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    pass.space.output.reset();  // hands last call's memory back first: ATen allocates its result
    auto [output, mean, inverse] =
        at::native_layer_norm(input, {spec().output.channels}, pass.weight(0), pass.weight(1), epsilon_);
    pass.space.saved = {mean, inverse};
    return output;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    sum_parameter_gradients(pass, gradient);
    return std::get<0>(gradients(pass, gradient, {true, false, false}));
  }

 private:
  using Gradients = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

  [[nodiscard]] Gradients gradients(const Pass& pass, const at::Tensor& gradient, std::array<bool, 3> wanted) const {
    const auto& saved = pass.space.saved;
    return at::native_layer_norm_backward(gradient, pass.space.input, {spec().output.channels}, saved[0], saved[1],
                                          pass.weight(0), pass.weight(1), wanted);
  }

  /// ATen sums them by threads.
  void sum_parameter_gradients(const Pass& pass, const at::Tensor& gradient) const {
    const ThreadScope one(1);
    const auto [none, weight, bias] = gradients(pass, gradient, {false, true, true});
    pass.views.gradients[0].copy_(weight);
    pass.views.gradients[1].copy_(bias);
  }

  double epsilon_;
};

}  // namespace

std::unique_ptr<Layer> layer_norm(std::string name, SampleShape input, double epsilon) {
  const auto elements = static_cast<double>(input.size());
  const std::vector<std::int64_t> shape{input.channels};
  LayerSpec spec{.name = std::move(name),
                 .parameters = {{"weight", shape, {1.0, 1.0}}, {"bias", shape, {0.0, 0.0}}},
                 .output = input,
                 .forward_flops = kForwardFlops * elements,
                 .backward_flops = kBackwardFlops * elements};
  return std::make_unique<LayerNorm>(std::move(spec), epsilon);
}

}  // namespace sac
