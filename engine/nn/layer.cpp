#include "engine/nn/layer.h"

#include <ATen/ops/empty.h>

namespace sac {

at::Tensor& reserve(at::Tensor& tensor, at::IntArrayRef sizes, at::ScalarType dtype) {
  if (!tensor.defined()) {
    tensor = at::empty(sizes, dtype);
  } else if (tensor.sizes() != sizes) {
    tensor.resize_(sizes);
  }
  return tensor;
}

}  // namespace sac
