#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>

#include <cmath>
#include <functional>

#include "engine/nn/dtype.h"
#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"
#include "engine/parallel/parallel.h"

namespace sac {
namespace {

/// @param rows  a sample's rows of `inputs` numbers, each multiplied by the weight.
LayerSpec describe(std::string name, std::int64_t inputs, std::int64_t features, std::int64_t rows, Fill weight,
                   Fill bias) {
  const double products = 2.0 * static_cast<double>(rows * inputs * features);
  return {.name = std::move(name),
          .parameters = {{"weight", {features, inputs}, weight}, {"bias", {features}, bias}},
          .output = {features, 1, rows},
          .forward_flops = products,
          .backward_flops = products + static_cast<double>(rows * features),
          .input_gradient_flops = products};
}

class Linear final : public Layer {
 public:
  /// @param keeps_places  false: a sample is one row.
  Linear(LayerSpec spec, bool keeps_places) : Layer(std::move(spec)), keeps_places_(keeps_places) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    at::Tensor& output = reserve(pass.space.output, output_sizes(input), input.options());
    const at::Tensor from = input_rows(input);
    const at::Tensor into = output.view({-1, features()});
    share_rows(pass, into, [&](std::int64_t begin, std::int64_t size) {
      at::Tensor rows = into.narrow(0, begin, size);
      at::addmm_out(rows, pass.weight(1), from.narrow(0, begin, size), pass.weight(0).t());
    });
    return output;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool input_gradient) const override {
    const at::Tensor& input = pass.space.input;
    const at::Tensor rows = gradient.view({-1, features()});
    if (pass.aten) {
      gradients_by_aten(pass, rows);
    } else {
      gradients_by_loops(pass, rows);
    }
    if (!input_gradient) return {};
    at::Tensor& result = reserve(pass.space.gradient, input.sizes(), input.options());
    const at::Tensor into = input_rows(result);
    share_rows(pass, into, [&](std::int64_t begin, std::int64_t size) {
      at::Tensor part = into.narrow(0, begin, size);
      at::mm_out(part, rows.narrow(0, begin, size), pass.weight(0));
    });
    return result;
  }

 private:
  void gradients_by_loops(const Pass& pass, const at::Tensor& gradient) const {
    const at::Tensor& weight_gradient = pass.views.gradients[0];
    const at::Tensor input = input_rows(pass.space.input);
    const double work = 2.0 * static_cast<double>(gradient.numel() * input.size(1));
    in_parts(features(), parts_of(features(), work), [&](std::int64_t, std::int64_t begin, std::int64_t size) {
      at::Tensor rows = weight_gradient.narrow(0, begin, size);
      at::mm_out(rows, gradient.narrow(1, begin, size).t(), input);
    });
    with_dtype(gradient.scalar_type(), [&]<class T>(T) {
      kernels::sum_rows(gradient.const_data_ptr<T>(), gradient.size(0), gradient.size(1),
                        pass.views.gradients[1].mutable_data_ptr<T>());
    });
  }

  void gradients_by_aten(const Pass& pass, const at::Tensor& gradient) const {
    at::Tensor weight_gradient = pass.views.gradients[0];
    at::Tensor bias_gradient = pass.views.gradients[1];
    if (pass.views.low.empty()) {
      at::mm_out(weight_gradient, gradient.t(), input_rows(pass.space.input));
    } else {
      weight_gradient.copy_(at::mm(gradient.t(), input_rows(pass.space.input)));
    }
    at::sum_out(bias_gradient, gradient, 0, /*keepdim=*/false, bias_gradient.scalar_type());
  }

  /// Rows of a product, shared out to threads: MKL's own shares are not the same for any number of them.
  void share_rows(const Pass& pass, const at::Tensor& product,
                  const std::function<void(std::int64_t begin, std::int64_t size)>& multiply) const {
    const std::int64_t rows = product.size(0);
    if (pass.aten) return multiply(0, rows);
    const auto& weight = spec().parameters.front().shape;
    const double work = 2.0 * static_cast<double>(rows * weight[0] * weight[1]);
    in_parts(rows, parts_of(rows, work),
             [&](std::int64_t, std::int64_t begin, std::int64_t size) { multiply(begin, size); });
  }

  [[nodiscard]] std::int64_t features() const { return spec().output.channels; }
  [[nodiscard]] at::Tensor input_rows(const at::Tensor& tensor) const {
    return tensor.view({-1, spec().parameters.front().shape[1]});
  }
  [[nodiscard]] std::vector<std::int64_t> output_sizes(const at::Tensor& input) const {
    if (!keeps_places_) return {input.size(0), features()};
    return {input.size(0), input.size(1), input.size(2), features()};
  }

  bool keeps_places_;
};

}  // namespace

std::unique_ptr<Layer> linear(std::string name, SampleShape input, std::int64_t features) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(input.size()));
  const Fill uniform{-bound, bound};
  LayerSpec spec = describe(std::move(name), input.size(), features, 1, uniform, uniform);
  spec.row = true;
  return std::make_unique<Linear>(std::move(spec), false);
}

std::unique_ptr<Layer> token_linear(std::string name, SampleShape input, std::int64_t features, double deviation) {
  return std::make_unique<Linear>(
      describe(std::move(name), input.channels, features, input.width, {.deviation = deviation}, {}), true);
}

}  // namespace sac
