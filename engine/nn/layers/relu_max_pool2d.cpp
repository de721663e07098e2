#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>
#include <ATen/ops/threshold_backward.h>

#include "engine/nn/dtype.h"
#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"
#include "engine/parallel/parallel.h"

namespace sac {
namespace {

/// max(., 0) and the maximum commute, so one pass over the input does both.
class ReluMaxPool2d final : public Layer {
 public:
  ReluMaxPool2d(LayerSpec spec, SampleShape input) : Layer(std::move(spec)), input_(input) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    if (pass.aten) return forward_by_aten(pass, input);
    const SampleShape& out = spec().output;
    at::Tensor& output =
        reserve(pass.space.output, {input.size(0), out.height, out.width, out.channels}, input.options());
    with_dtype(input.scalar_type(), [&]<class T>(T) {
      const T* from = input.const_data_ptr<T>();
      T* to = output.mutable_data_ptr<T>();
      in_parallel(input.size(0), kGrain / input_.size() + 1, [&, from, to](std::int64_t begin, std::int64_t end) {
        for (std::int64_t b = begin; b < end; ++b) {
          kernels::relu_max_pool2d(from + b * input_.size(), input_, to + b * out.size());
        }
      });
    });
    return output;
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    if (pass.aten) return backward_by_aten(pass, gradient);
    const at::Tensor& input = pass.space.input;  // its gradient takes its place
    with_dtype(input.scalar_type(), [&]<class T>(T) {
      const T* pooled = pass.space.output.const_data_ptr<T>();
      const T* from = gradient.const_data_ptr<T>();
      T* to = input.mutable_data_ptr<T>();
      const std::int64_t size = spec().output.size();
      in_parallel(input.size(0), kGrain / input_.size() + 1, [=, this](std::int64_t begin, std::int64_t end) {
        for (std::int64_t b = begin; b < end; ++b) {
          kernels::relu_max_pool2d_backward(pooled + b * size, from + b * size, input_, to + b * input_.size());
        }
      });
    });
    return input;
  }

 private:
  static at::Tensor forward_by_aten(const Pass& pass, const at::Tensor& input) {
    auto [pooled, indices] = at::max_pool2d_with_indices(as_nchw(input), {2, 2});
    pass.space.saved = {indices};
    return as_nhwc(pooled).contiguous().relu_();
  }

  static at::Tensor backward_by_aten(const Pass& pass, const at::Tensor& gradient) {
    const at::Tensor rectified = at::threshold_backward(gradient, pass.space.output, 0);
    return as_nhwc(at::max_pool2d_with_indices_backward(as_nchw(rectified), as_nchw(pass.space.input), {2, 2}, {2, 2},
                                                        {0, 0}, {1, 1}, /*ceil_mode=*/false, pass.space.saved[0]))
        .contiguous();
  }

  SampleShape input_;
};

}  // namespace

std::unique_ptr<Layer> relu_max_pool2d(SampleShape input) {
  const auto elements = static_cast<double>(input.size());
  LayerSpec spec{.output = {input.channels, input.height / 2, input.width / 2},
                 .forward_flops = elements,
                 .backward_flops = elements};
  return std::make_unique<ReluMaxPool2d>(std::move(spec), input);
}

}  // namespace sac
