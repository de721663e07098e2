#pragma once
#include <ATen/core/Tensor.h>

#include "engine/optim/adam_options.h"

namespace sac {

/// The optimisers' updates by ATen's fused kernels, on whatever device the tensors lie: one launch a step, nothing
/// waited for. They follow the same rules as the loops, up to rounding.

struct SgdOptions {
  double momentum;
  double weight_decay;
  bool nesterov;
};
/// @param velocity  [D]; undefined without momentum.
void fused_sgd(const at::Tensor& parameters, const at::Tensor& gradients, const at::Tensor& velocity,
               const SgdOptions& options, double lr);

/// @param first, second  moments [D].  @param update  1-based number of this update.
void fused_adamw(const at::Tensor& parameters, const at::Tensor& gradients, const at::Tensor& first,
                 const at::Tensor& second, const AdamOptions& options, double lr, std::int64_t update);

}  // namespace sac
