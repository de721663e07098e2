#include "engine/nn/layer_passes.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "engine/nn/kernel_scope.h"

namespace sac {
namespace {

/// The tensors of one layer in a flat one that begins at element `origin` of the whole.
std::vector<at::Tensor> views(const at::Tensor& flat, const std::vector<TensorInfo>& infos, int layer,
                              std::int64_t origin = 0) {
  std::vector<at::Tensor> result;
  for (const TensorInfo& info : infos) {
    if (info.layer != layer) continue;
    result.push_back(flat.narrow(0, info.range.begin - origin, info.range.size()).view(info.shape));
  }
  return result;
}

void check_flat(const char* what, const at::Tensor& flat, std::int64_t size, at::ScalarType dtype) {
  if (flat.dim() == 1 && flat.size(0) == size && flat.scalar_type() == dtype && flat.is_contiguous()) return;
  std::ostringstream message;
  message << "flat " << what << " must be contiguous " << dtype << " [" << size << "], got " << flat.scalar_type()
          << ' ' << flat.sizes();
  throw std::logic_error(message.str());
}

std::int64_t largest_layer(const Layout& layout) {
  std::int64_t most = 0;
  for (const LayerInfo& layer : layout.layers) most = std::max(most, layer.parameters.size());
  return most;
}

}  // namespace

LayerPasses::LayerPasses(const LayerRange& range, const Numerics& numerics, const at::Tensor& parameters,
                         const at::Tensor& gradients, const at::Tensor& buffers, bool adds)
    : range_(&range),
      views_(range.layers.size()),
      parameters_(parameters),
      gradients_(gradients),
      trains_(gradients.defined()),
      aten_(!parameters.is_cpu() || numerics.aten || numerics.bf16) {
  const Layout& layout = range.layout;
  check_flat("parameters", parameters, layout.parameter_count(), numerics.dtype);
  if (trains_) check_flat("gradients", gradients, layout.parameter_count(), numerics.dtype);
  if (layout.buffer_count() > 0) check_flat("buffers", buffers, layout.buffer_count(), numerics.dtype);
  if (numerics.bf16) low_ = at::empty_like(parameters, at::kBFloat16);
  for (std::size_t i = 0; i < views_.size(); ++i) {
    const int layer = range.info_of_layer[i];
    if (layer < 0) continue;
    views_[i].parameters = views(parameters, layout.parameters, layer);
    views_[i].buffers = views(buffers, layout.buffers, layer);
    if (low_.defined()) views_[i].low = views(low_, layout.parameters, layer);
    if (trains_) views_[i].gradients = views(gradients, layout.parameters, layer);
  }
  if (!adds) return;
  summand_ = at::empty({largest_layer(layout)}, gradients.options());
  beside_ = views_;
  for (std::size_t i = 0; i < views_.size(); ++i) {
    const int layer = range.info_of_layer[i];
    if (layer < 0) continue;
    const std::int64_t origin = layout.layers[static_cast<std::size_t>(layer)].parameters.begin;
    beside_[i].gradients = views(summand_, layout.parameters, layer, origin);
  }
}

at::Tensor LayerPasses::forward(Workspace& workspace, const at::Tensor& input, bool training) const {
  const KernelScope scope;
  const ThreadScope threads(this->threads());
  at::Tensor activation = input.contiguous();
  if (low_.defined()) {
    low_.copy_(parameters_);
    if (activation.is_floating_point()) activation = activation.to(at::kBFloat16);
  }
  for (std::size_t i = 0; i < views_.size(); ++i) {
    LayerSpace& space = workspace.layers[i];
    space.input = activation;
    activation = range_->layers[i]->forward({views_[i], space, workspace.batch, training, aten_, sum()}, activation);
    space.output = activation;
  }
  return activation;
}

at::Tensor LayerPasses::backward(Workspace& workspace, at::Tensor gradient, const GradientReady& ready,
                                 bool add) const {
  for (std::size_t i = views_.size(); i-- > range_->stop;) {
    {
      const KernelScope scope;
      const ThreadScope threads(this->threads());
      const Pass pass{add ? beside_[i] : views_[i], workspace.layers[i], workspace.batch, true, aten_, sum()};
      gradient = range_->layers[i]->backward(pass, gradient, i > range_->stop || !range_->leads);
      if (add) add_up(i);
    }
    const int layer = range_->info_of_layer[i];
    if (layer >= 0 && ready) ready(layer);
  }
  return range_->leads ? at::Tensor() : gradient;
}

void LayerPasses::add_up(std::size_t layer) const {
  const int info = range_->info_of_layer[layer];
  if (info < 0) return;
  const Range& range = range_->layout.layers[static_cast<std::size_t>(info)].parameters;
  gradients_.narrow(0, range.begin, range.size()).add_(summand_.narrow(0, 0, range.size()));
}

}  // namespace sac
