#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>

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
    at::Tensor& output = reserve(pass.space.output, {input.size(0), spec().output.channels}, input.options());
    at::addmm_out(output, pass.weight(1), rows(input), pass.weight(0).t());
    return output;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool input_gradient) const override {
    const at::Tensor& input = pass.space.input;
    if (pass.aten) {
      gradients_by_aten(pass, gradient);
    } else {
      gradients_by_loops(pass, gradient);
    }
    if (!input_gradient) return {};
    at::Tensor& result = reserve(pass.space.gradient, input.sizes(), input.options());
    at::Tensor result_rows = rows(result);
    at::mm_out(result_rows, gradient, pass.weight(0));
    return result;
  }

 private:
  static void gradients_by_loops(const Pass& pass, const at::Tensor& gradient) {
    at::Tensor weight_gradient = pass.views.gradients[0];
    at::mm_out(weight_gradient, gradient.t(), rows(pass.space.input));
    with_dtype(gradient.scalar_type(), [&]<class T>(T) {
      kernels::sum_rows(gradient.const_data_ptr<T>(), gradient.size(0), gradient.size(1),
                        pass.views.gradients[1].mutable_data_ptr<T>());
    });
  }

  static void gradients_by_aten(const Pass& pass, const at::Tensor& gradient) {
    at::Tensor weight_gradient = pass.views.gradients[0];
    at::Tensor bias_gradient = pass.views.gradients[1];
    if (pass.views.low.empty()) {
      at::mm_out(weight_gradient, gradient.t(), rows(pass.space.input));
    } else {
      weight_gradient.copy_(at::mm(gradient.t(), rows(pass.space.input)));
    }
    at::sum_out(bias_gradient, gradient, 0, /*keepdim=*/false, bias_gradient.scalar_type());
  }

  static at::Tensor rows(const at::Tensor& tensor) {
    return tensor.dim() == 2 ? tensor : tensor.view({tensor.size(0), -1});
  }
};

}  // namespace

std::unique_ptr<Layer> linear(std::string name, SampleShape input, std::int64_t features) {
  return std::make_unique<Linear>(describe(std::move(name), input, features));
}

}  // namespace sac
