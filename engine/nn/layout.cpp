#include "engine/nn/layout.h"

namespace sac {

double Layout::forward_flops() const {
  double sum = 0.0;
  for (const LayerInfo& layer : layers) sum += layer.forward_flops;
  return sum;
}

double Layout::backward_flops() const {
  double sum = 0.0;
  for (const LayerInfo& layer : layers) sum += layer.backward_flops;
  return sum;
}

}  // namespace sac
