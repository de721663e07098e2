#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "engine/optim/optimizer.h"

namespace sac {

/// Views of a flat tensor [D] in these shapes, one after another.
/// @throws ConfigError  the flat tensor is another: `optimizer` works tensor by tensor, and a shard of a parameter
/// server cuts through them.
std::vector<at::Tensor> tensor_views(const at::Tensor& flat, const TensorShapes& shapes, const std::string& optimizer);

/// |a| / |b| as a scalar on their device, where both are above 0; else 1.
at::Tensor norm_ratio(const at::Tensor& a, const at::Tensor& b);

}  // namespace sac
