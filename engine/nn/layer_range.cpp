#include "engine/nn/layer_range.h"

#include <string>
#include <utility>

namespace sac {
namespace {

std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

/// Appends the tensors of `specs` to `infos`, one after another; returns the elements they take.
Range append(const std::vector<TensorSpec>& specs, const std::string& layer_name, int layer,
             std::vector<TensorInfo>& infos) {
  const std::int64_t begin = infos.empty() ? 0 : infos.back().range.end;
  std::int64_t end = begin;
  for (const TensorSpec& spec : specs) {
    const Range range{end, end + element_count(spec.shape)};
    infos.push_back({.name = layer_name + "." + spec.name, .shape = spec.shape, .range = range, .layer = layer});
    end = range.end;
  }
  return {begin, end};
}

}  // namespace

LayerRange::LayerRange(std::vector<const Layer*> given, bool first_of_model)
    : layers(std::move(given)), leads(first_of_model) {
  double forward_before = 0.0;
  double backward_before = 0.0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerSpec& spec = layers[i]->spec();
    const bool owner = !spec.parameters.empty();
    const bool first = owner && layout.layers.empty();
    if (owner) {
      const int index = static_cast<int>(layout.layers.size());
      layout.layers.push_back({.name = spec.name,
                               .parameters = append(spec.parameters, spec.name, index, layout.parameters),
                               .buffers = append(spec.buffers, spec.name, index, layout.buffers)});
    }
    info_of_layer.push_back(owner ? static_cast<int>(layout.layers.size()) - 1 : -1);
    if (first && leads) stop = i;
    const double backward = spec.backward_flops + (first && leads ? 0.0 : spec.input_gradient_flops);
    if (layout.layers.empty()) {
      forward_before += leads ? 0.0 : spec.forward_flops;
      backward_before += leads ? 0.0 : backward;
      continue;
    }
    LayerInfo& info = layout.layers.back();
    info.forward_flops += spec.forward_flops + (first ? forward_before : 0.0);
    info.backward_flops += backward + (first ? backward_before : 0.0);
  }
}

std::vector<const Layer*> borrowed(const std::vector<std::unique_ptr<Layer>>& layers) {
  std::vector<const Layer*> all;
  for (const auto& layer : layers) all.push_back(layer.get());
  return all;
}

}  // namespace sac
