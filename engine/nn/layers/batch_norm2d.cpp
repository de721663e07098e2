#include "engine/nn/dtype.h"
#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"

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
    const std::int64_t channels = spec().output.channels;
    at::Tensor& output = reserve(pass.space.output, input.sizes(), input.scalar_type());
    reserve(pass.space.statistics, {2, channels}, input.scalar_type());
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
    const std::int64_t channels = spec().output.channels;
    with_dtype(gradient.scalar_type(), [&]<class T>(T) {
      if (relu_) {
        kernels::relu_backward(pass.space.output.const_data_ptr<T>(), gradient.mutable_data_ptr<T>(), gradient.numel());
      }
      const T* mean = pass.space.statistics.const_data_ptr<T>();
      kernels::normalise_backward(pass.space.input.const_data_ptr<T>(), gradient.numel() / channels, channels, mean,
                                  mean + channels, pass.views.parameters[0].const_data_ptr<T>(),
                                  gradient.mutable_data_ptr<T>(), pass.views.gradients[0].mutable_data_ptr<T>(),
                                  pass.views.gradients[1].mutable_data_ptr<T>());
    });
    return gradient;
  }

 private:
  template <class T>
  void batch_statistics(const Pass& pass, const at::Tensor& input) const {
    const std::int64_t channels = spec().output.channels;
    const std::int64_t rows = input.numel() / channels;
    const auto moments = kernels::moments(input.const_data_ptr<T>(), rows, channels);
    const double unbiased = static_cast<double>(rows) / static_cast<double>(std::max<std::int64_t>(rows - 1, 1));
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
