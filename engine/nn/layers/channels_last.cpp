#include "engine/nn/layers.h"

namespace sac {
namespace {

class ChannelsLast final : public Layer {
 public:
  using Layer::Layer;

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    const at::Tensor view = input.permute({0, 2, 3, 1});
    if (view.is_contiguous()) return view;
    return reserve(pass.space.output, view.sizes(), input.options()).copy_(view);
  }

  at::Tensor backward(const Pass&, const at::Tensor&, bool) const override {
    throw std::logic_error("channels_last has no backward pass: it must be the first layer");
  }
};

}  // namespace

std::unique_ptr<Layer> channels_last(SampleShape input) {
  return std::make_unique<ChannelsLast>(LayerSpec{.output = input});
}

}  // namespace sac
