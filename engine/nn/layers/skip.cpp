#include <ATen/ops/threshold_backward.h>

#include "engine/nn/dtype.h"
#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"

namespace sac {
namespace {

/// [B, H, W, C] as the shape of a sample.
SampleShape sample_shape(const at::Tensor& tensor) { return {tensor.size(3), tensor.size(1), tensor.size(2)}; }

/// What a shortcut joins: of `from` [B, H, W, C] every pixel, or every second where `to` [B, H', W', C'] has half of
/// them; of `to` the first C channels. Views of one shape.
struct Joined {
  Joined(const at::Tensor& from, const at::Tensor& to)
      : pixels(from.slice(1, 0, from.size(1), stride(from, to)).slice(2, 0, from.size(2), stride(from, to))),
        channels(to.narrow(3, 0, from.size(3))) {}
  static std::int64_t stride(const at::Tensor& from, const at::Tensor& to) {
    return from.size(1) == to.size(1) ? 1 : 2;
  }
  at::Tensor pixels;    ///< of `from`
  at::Tensor channels;  ///< of `to`
};

class SkipStart final : public Layer {
 public:
  using Layer::Layer;

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    pass.batch.skip.value = input;
    return input;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    const at::Tensor& skipped = pass.batch.skip.gradient;
    if (pass.aten) {
      const Joined joined(gradient, skipped);
      joined.pixels.add_(joined.channels);
      return gradient;
    }
    with_dtype(gradient.scalar_type(), [&]<class T>(T) {
      kernels::add_shortcut_backward(skipped.const_data_ptr<T>(), sample_shape(skipped), gradient.size(0),
                                     sample_shape(gradient), gradient.mutable_data_ptr<T>());
    });
    return gradient;
  }
};

class SkipEnd final : public Layer {
 public:
  SkipEnd(LayerSpec spec, Activation activation) : Layer(std::move(spec)), relu_(activation == Activation::kRelu) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    const at::Tensor& skipped = pass.batch.skip.value;
    // Beside the input where this does not rectify: the layer before may, and asks its output for the sign.
    const at::Tensor output = relu_ ? input : reserve(pass.space.output, input.sizes(), input.options()).copy_(input);
    if (pass.aten) {
      const Joined joined(skipped, output);
      joined.channels.add_(joined.pixels);
      return relu_ ? output.relu_() : output;
    }
    with_dtype(output.scalar_type(), [&]<class T>(T) {
      kernels::add_shortcut(skipped.const_data_ptr<T>(), sample_shape(skipped), output.size(0), sample_shape(output),
                            output.mutable_data_ptr<T>());
      if (relu_) kernels::relu(output.mutable_data_ptr<T>(), output.numel());
    });
    return output;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    if (pass.aten) {
      pass.batch.skip.gradient = relu_ ? at::threshold_backward(gradient, pass.space.output, 0) : gradient;
      return pass.batch.skip.gradient.clone();
    }
    if (relu_) {
      with_dtype(gradient.scalar_type(), [&]<class T>(T) {
        kernels::relu_backward(pass.space.output.const_data_ptr<T>(), gradient.mutable_data_ptr<T>(), gradient.numel());
      });
    }
    reserve(pass.batch.skip.gradient, gradient.sizes(), gradient.options()).copy_(gradient);
    return gradient;
  }

 private:
  bool relu_;
};

}  // namespace

std::unique_ptr<Layer> skip_start(SampleShape input) {
  return std::make_unique<SkipStart>(
      LayerSpec{.output = input, .backward_flops = static_cast<double>(input.size()), .skip = SkipRole::kOpens});
}

std::unique_ptr<Layer> skip_end(SampleShape input, Activation activation) {
  const auto elements = static_cast<double>(input.size());
  const double relu = activation == Activation::kRelu ? elements : 0.0;
  LayerSpec spec{.output = input, .forward_flops = elements + relu, .backward_flops = relu, .skip = SkipRole::kCloses};
  return std::make_unique<SkipEnd>(std::move(spec), activation);
}

}  // namespace sac
