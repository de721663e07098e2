#include <ATen/ops/mean.h>

#include "engine/nn/dtype.h"
#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"

namespace sac {
namespace {

class GlobalAvgPool final : public Layer {
 public:
  GlobalAvgPool(LayerSpec spec, SampleShape input)
      : Layer(std::move(spec)), pixels_(input.height * input.width), channels_(input.channels) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    at::Tensor& output = reserve(pass.space.output, {input.size(0), channels_}, input.options());
    if (pass.aten) return at::mean_out(output, pixel_rows(input), 1);
    with_dtype(input.scalar_type(), [&]<class T>(T) {
      for (std::int64_t b = 0; b < input.size(0); ++b) {
        T* mean = output.mutable_data_ptr<T>() + b * channels_;
        kernels::sum_rows(input.const_data_ptr<T>() + b * pixels_ * channels_, pixels_, channels_, mean);
        for (std::int64_t c = 0; c < channels_; ++c) mean[c] /= static_cast<T>(pixels_);
      }
    });
    return output;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    at::Tensor& result = reserve(pass.space.gradient, pass.space.input.sizes(), gradient.options());
    if (pass.aten) {
      pixel_rows(result).copy_(gradient.div(static_cast<double>(pixels_)).unsqueeze(1));
      return result;
    }
    with_dtype(gradient.scalar_type(), [&]<class T>(T) {
      T* out = result.mutable_data_ptr<T>();
      for (std::int64_t b = 0; b < gradient.size(0); ++b) {
        const T* in = gradient.const_data_ptr<T>() + b * channels_;
        for (std::int64_t p = 0; p < pixels_; ++p, out += channels_) {
          for (std::int64_t c = 0; c < channels_; ++c) out[c] = in[c] / static_cast<T>(pixels_);
        }
      }
    });
    return result;
  }

 private:
  [[nodiscard]] at::Tensor pixel_rows(const at::Tensor& images) const {
    return images.view({images.size(0), pixels_, channels_});
  }

  std::int64_t pixels_;
  std::int64_t channels_;
};

}  // namespace

std::unique_ptr<Layer> global_avg_pool(SampleShape input) {
  const auto elements = static_cast<double>(input.size());
  LayerSpec spec{.output = {input.channels, 1, 1}, .forward_flops = elements, .backward_flops = elements, .row = true};
  return std::make_unique<GlobalAvgPool>(std::move(spec), input);
}

}  // namespace sac
