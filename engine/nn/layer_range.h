#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/nn/layer.h"

namespace sac {

/// Layers that follow one another in a model, with their layout: all of them, or one stage of a pipeline.
struct LayerRange {
  /// @param leads  they are the model's first: nobody wants the gradient of their input.
  LayerRange(std::vector<const Layer*> layers, bool leads);

  std::vector<const Layer*> layers;  ///< borrowed
  std::vector<int> info_of_layer{};  ///< index into layout.layers, -1 without parameters
  std::size_t stop = 0;              ///< the way back ends with this layer
  bool leads;
  Layout layout{};  ///< FLOPs before the first parameters are counted into its layer, or nowhere where `leads`
};

/// All layers of a list.
std::vector<const Layer*> borrowed(const std::vector<std::unique_ptr<Layer>>& layers);

}  // namespace sac
