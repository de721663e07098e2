#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>

#include <cmath>

#include "engine/nn/dtype.h"
#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"

namespace sac {
namespace {

LayerSpec describe(std::string name, SampleShape input, std::int64_t features) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(input.size()));
  const double products = 2.0 * static_cast<double>(input.size() * features);
  return {.name = std::move(name),
          .parameters = {{"weight", {features, input.size()}, {-bound, bound}}, {"bias", {features}, {-bound, bound}}},
          .output = {features, 1, 1},
          .forward_flops = products,
          .backward_flops = products + static_cast<double>(features),
          .input_gradient_flops = products};
}

class Linear final : public Layer {
 public:
  using Layer::Layer;

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    at::Tensor& output = reserve(pass.space.output, {input.size(0), spec().output.channels}, input.scalar_type());
    const auto& weights = pass.views.parameters;
    at::addmm_out(output, weights[1], rows(input), weights[0].t());
    return output;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool input_gradient) const override {
    at::Tensor weight_gradient = pass.views.gradients[0];
    const at::Tensor& input = pass.space.input;
    at::mm_out(weight_gradient, gradient.t(), rows(input));
    with_dtype(gradient.scalar_type(), [&]<class T>(T) {
      kernels::sum_rows(gradient.const_data_ptr<T>(), gradient.size(0), gradient.size(1),
                        pass.views.gradients[1].mutable_data_ptr<T>());
    });
    if (!input_gradient) return {};
    at::Tensor& result = reserve(pass.space.gradient, input.sizes(), input.scalar_type());
    at::Tensor result_rows = rows(result);
    at::mm_out(result_rows, gradient, pass.views.parameters[0]);
    return result;
  }

 private:
  static at::Tensor rows(const at::Tensor& tensor) {
    return tensor.dim() == 2 ? tensor : tensor.view({tensor.size(0), -1});
  }
};

}  // namespace

std::unique_ptr<Layer> linear(std::string name, SampleShape input, std::int64_t features) {
  return std::make_unique<Linear>(describe(std::move(name), input, features));
}

}  // namespace sac
