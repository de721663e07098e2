#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "engine/nn/model.h"
#include "engine/train/batch_source.h"

namespace sac {

/// Loss and accuracy of a model over all evaluation samples, in evaluation mode. Changes none of its arguments.
/// @param parameters  [D].  @param buffers  [S].  @param parallel  runs the batches; the sums are taken in their order.
EvalSums evaluate_model(const Model& model, const BatchSource& data, const at::Tensor& parameters,
                        const at::Tensor& buffers,
                        const std::function<void(std::int64_t, const std::function<void(std::int64_t)>&)>& parallel);

}  // namespace sac
