#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>

#include "engine/nn/layers.h"

namespace sac {
namespace {

class MaxPool2d final : public Layer {
 public:
  MaxPool2d(LayerSpec spec, const Window& window)
      : Layer(std::move(spec)),
        side_{window.side, window.side},
        stride_{window.stride, window.stride},
        padding_{window.padding, window.padding} {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    pass.space.output.reset();  // hands last call's memory back first: ATen allocates its result
    auto [pooled, indices] = at::max_pool2d_with_indices(as_nchw(input), side_, stride_, padding_);
    pass.space.saved = {indices};
    return as_nhwc(pooled).contiguous();
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    return as_nhwc(at::max_pool2d_with_indices_backward(as_nchw(gradient), as_nchw(pass.space.input), side_, stride_,
                                                        padding_, {1, 1}, /*ceil_mode=*/false, pass.space.saved[0]))
        .contiguous();
  }

 private:
  std::array<std::int64_t, 2> side_;
  std::array<std::int64_t, 2> stride_;
  std::array<std::int64_t, 2> padding_;
};

}  // namespace

std::unique_ptr<Layer> max_pool2d(SampleShape input, const Window& window) {
  const auto side = [&](std::int64_t length) {
    return (length + 2 * window.padding - window.side) / window.stride + 1;
  };
  const SampleShape output{input.channels, side(input.height), side(input.width)};
  LayerSpec spec{.output = output,
                 .forward_flops = static_cast<double>(output.size() * window.side * window.side),
                 .backward_flops = static_cast<double>(output.size())};
  return std::make_unique<MaxPool2d>(std::move(spec), window);
}

}  // namespace sac
