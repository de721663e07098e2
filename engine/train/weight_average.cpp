#include "engine/train/weight_average.h"

namespace sac {

void WeightAverage::follow(at::Tensor& average, const at::Tensor& value) const {
  if (!value.defined()) return;
  if (average.defined()) {
    average.lerp_(value, 1.0 - decay_);
  } else {
    average = value.clone();
  }
}

void WeightAverage::take(const ConsensusShare& share, const at::Tensor& buffers) {
  follow(parameters_, share.parameters);
  follow(buffers_, buffers);
}

void WeightAverage::replace(ConsensusShare& share, at::Tensor& buffers) const {
  if (share.parameters.defined() && parameters_.defined()) share.parameters = parameters_;
  if (buffers_.defined()) buffers = buffers_;
}

}  // namespace sac
