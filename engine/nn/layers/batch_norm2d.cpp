#include <ATen/ops/_batch_norm_impl_index.h>
#include <ATen/ops/_batch_norm_impl_index_backward.h>
#include <ATen/ops/threshold_backward.h>

#include "engine/nn/dtype.h"
#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"
#include "engine/nn/layers/batch_norm_sums.h"

namespace sac {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr double kMomentum = 0.1;
// Mean 1, variance 3, scale and shift 2; backwards two sums 1 + 3 and the affine combination 4.
constexpr double kForwardFlops = 6.0;
constexpr double kBackwardFlops = 8.0;

class BatchNorm2d final : public Layer {
 public:
  BatchNorm2d(LayerSpec spec, Activation activation) : Layer(std::move(spec)), relu_(activation == Activation::kRelu) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    if (pass.aten) return forward_by_aten(pass, input);
    const std::int64_t channels = spec().output.channels;
    at::Tensor& output = reserve(pass.space.output, input.sizes(), input.options());
    reserve(pass.space.statistics, {2, channels}, input.options());
    with_dtype(input.scalar_type(), [&]<class T>(T) {
      if (pass.training) {
        batch_statistics<T>(pass, input);
      } else {
        running_statistics<T>(pass);
      }
      const T* mean = pass.space.statistics.const_data_ptr<T>();
      kernels::normalise(input.const_data_ptr<T>(), input.numel() / channels, channels, mean, mean + channels,
                         pass.views.parameters[0].const_data_ptr<T>(), pass.views.parameters[1].const_data_ptr<T>(),
                         relu_, output.mutable_data_ptr<T>());
    });
    return output;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    if (pass.aten) return backward_by_aten(pass, gradient);
    const std::int64_t channels = spec().output.channels;
    const std::int64_t rows = gradient.numel() / channels;
    with_dtype(gradient.scalar_type(), [&]<class T>(T) {
      if (relu_) {
        kernels::relu_backward(pass.space.output.const_data_ptr<T>(), gradient.mutable_data_ptr<T>(), gradient.numel());
      }
      const T* values = pass.space.input.const_data_ptr<T>();
      const T* mean = pass.space.statistics.const_data_ptr<T>();
      const T* inverse = mean + channels;
      auto sums = kernels::gradient_sums(values, rows, channels, mean, gradient.const_data_ptr<T>());
      T* weight_gradient = pass.views.gradients[0].mutable_data_ptr<T>();
      T* bias_gradient = pass.views.gradients[1].mutable_data_ptr<T>();
      for (std::size_t c = 0; c < sums.size(); ++c) {
        weight_gradient[c] = static_cast<T>(sums[c].second * inverse[c]);
        bias_gradient[c] = static_cast<T>(sums[c].first);
      }
      if (pass.sum != nullptr) sum_over_workers(sums, *pass.sum);
      kernels::normalise_backward(values, rows, channels, mean, inverse, pass.views.parameters[0].const_data_ptr<T>(),
                                  sums, pass.space.rows, gradient.mutable_data_ptr<T>());
    });
    return gradient;
  }

 private:
  /// As at::batch_norm: cuDNN where it can, else ATen's own.
  [[nodiscard]] at::Tensor forward_by_aten(const Pass& pass, const at::Tensor& input) const {
    if (pass.training && pass.sum != nullptr) return forward_over_workers(pass, input);
    const auto& [weights, gradients, running, low] = pass.views;
    auto [normalised, mean, inverse, reserved, implementation] =
        at::_batch_norm_impl_index(as_nchw(input), weights[0], weights[1], running[0], running[1], pass.training,
                                   kMomentum, kEpsilon, /*cudnn_enabled=*/true);
    pass.space.saved = {mean, inverse, reserved};
    pass.space.implementation = implementation;
    const at::Tensor output = as_nhwc(normalised).contiguous();
    return relu_ ? output.relu_() : output;
  }

  [[nodiscard]] at::Tensor backward_by_aten(const Pass& pass, const at::Tensor& gradient) const {
    if (pass.sum != nullptr) return backward_over_workers(pass, gradient);
    const auto& [weights, gradients, running, low] = pass.views;
    const auto& saved = pass.space.saved;
    const at::Tensor rectified = relu_ ? at::threshold_backward(gradient, pass.space.output, 0) : gradient;
    const auto [result, weight_gradient, bias_gradient] = at::_batch_norm_impl_index_backward(
        pass.space.implementation, as_nchw(pass.space.input), as_nchw(rectified), weights[0], running[0], running[1],
        saved[0], saved[1], /*train=*/true, kEpsilon, {true, true, true}, saved[2]);
    gradients[0].copy_(weight_gradient);
    gradients[1].copy_(bias_gradient);
    return as_nhwc(result).contiguous();
  }

  [[nodiscard]] at::Tensor forward_over_workers(const Pass& pass, const at::Tensor& input) const {
    const auto& [weights, gradients, running, low] = pass.views;
    const NormalisedByAten result = normalise_over_workers(input, weights[0], weights[1], kEpsilon, *pass.sum);
    const at::Tensor unbiased = result.variance.mul(result.rows).div_(result.rows.sub(1.0).clamp_min_(1.0));
    running[0].lerp_(result.mean.to(running[0].scalar_type()), kMomentum);
    running[1].lerp_(unbiased.to(running[1].scalar_type()), kMomentum);
    pass.space.saved = {result.mean, result.inverse, result.rows};
    return relu_ ? result.values.relu() : result.values;
  }

  [[nodiscard]] at::Tensor backward_over_workers(const Pass& pass, const at::Tensor& gradient) const {
    const auto& saved = pass.space.saved;
    const at::Tensor rectified = relu_ ? at::threshold_backward(gradient, pass.space.output, 0) : gradient;
    const GradientsByAten result = normalise_over_workers_backward(
        rectified, pass.space.input, pass.views.parameters[0], saved[0], saved[1], saved[2], *pass.sum);
    pass.views.gradients[0].copy_(result.weight);
    pass.views.gradients[1].copy_(result.bias);
    return result.input;
  }

  template <class T>
  void batch_statistics(const Pass& pass, const at::Tensor& input) const {
    const std::int64_t channels = spec().output.channels;
    auto moments = kernels::moments(input.const_data_ptr<T>(), input.numel() / channels, channels);
    double& rows = pass.space.rows;
    rows = static_cast<double>(input.numel() / channels);
    if (pass.sum != nullptr) rows = moments_over_workers(moments, rows, *pass.sum);
    const double unbiased = rows / std::max(rows - 1.0, 1.0);
    T* mean = pass.space.statistics.mutable_data_ptr<T>();
    T* running_mean = pass.views.buffers[0].mutable_data_ptr<T>();
    T* running_variance = pass.views.buffers[1].mutable_data_ptr<T>();
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto [average, variance] = moments[static_cast<std::size_t>(c)];
      mean[c] = static_cast<T>(average);
      mean[channels + c] = static_cast<T>(1.0 / std::sqrt(variance + kEpsilon));
      running_mean[c] = static_cast<T>((1.0 - kMomentum) * running_mean[c] + kMomentum * average);
      running_variance[c] = static_cast<T>((1.0 - kMomentum) * running_variance[c] + kMomentum * unbiased * variance);
    }
  }

  template <class T>
  void running_statistics(const Pass& pass) const {
    const std::int64_t channels = spec().output.channels;
    const T* running_mean = pass.views.buffers[0].const_data_ptr<T>();
    const T* running_variance = pass.views.buffers[1].const_data_ptr<T>();
    T* mean = pass.space.statistics.mutable_data_ptr<T>();
    for (std::int64_t c = 0; c < channels; ++c) {
      mean[c] = running_mean[c];
      mean[channels + c] = static_cast<T>(1.0 / std::sqrt(static_cast<double>(running_variance[c]) + kEpsilon));
    }
  }

  bool relu_;
};

}  // namespace

std::unique_ptr<Layer> batch_norm2d(std::string name, SampleShape input, Activation activation) {
  const double relu = activation == Activation::kRelu ? 1.0 : 0.0;
  const auto elements = static_cast<double>(input.size());
  const std::vector<std::int64_t> shape{input.channels};
  LayerSpec spec{.name = std::move(name),
                 .parameters = {{"weight", shape, {1.0, 1.0}}, {"bias", shape, {0.0, 0.0}}},
                 .buffers = {{"running_mean", shape, {0.0, 0.0}}, {"running_var", shape, {1.0, 1.0}}},
                 .output = input,
                 .forward_flops = (kForwardFlops + relu) * elements,
                 .backward_flops = (kBackwardFlops + relu) * elements};
  return std::make_unique<BatchNorm2d>(std::move(spec), activation);
}

}  // namespace sac
