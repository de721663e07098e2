#include "engine/optim/layerwise.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>

#include "engine/core/error.h"

namespace sac {

std::vector<at::Tensor> tensor_views(const at::Tensor& flat, const TensorShapes& shapes, const std::string& optimizer) {
  std::vector<at::Tensor> views;
  std::int64_t end = 0;
  for (const auto& shape : shapes) {
    const std::int64_t size = c10::multiply_integers(shape);
    if (end + size > flat.numel()) break;
    views.push_back(flat.narrow(0, end, size).view(shape));
    end += size;
  }
  if (views.size() == shapes.size() && end == flat.numel()) return views;
  throw ConfigError("optimizer '" + optimizer + "' works on whole tensors of the model, which the shards of a " +
                    "parameter server cut through; choices there: adamw, rmsprop, sgd");
}

at::Tensor norm_ratio(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor above = at::linalg_vector_norm(a);
  const at::Tensor below = at::linalg_vector_norm(b);
  return at::where(above.gt(0).logical_and(below.gt(0)), above.div(below), at::ones_like(above));
}

}  // namespace sac
