#include "engine/nn/layer.h"

#include <ATen/ops/empty.h>

namespace sac {

at::Tensor& reserve(at::Tensor& tensor, at::IntArrayRef sizes, const at::TensorOptions& options) {
  if (!tensor.defined()) {
    tensor = at::empty(sizes, options);
  } else if (tensor.sizes() != sizes) {
    tensor.resize_(sizes);
  }
  return tensor;
}

}  // namespace sac
