#pragma once
#include <ATen/core/Tensor.h>

#include "engine/nn/model.h"

namespace sac {

/// The mean loss of a training batch and its gradient, by the loops on the CPU or by ATen, against targets or, where
/// the batch has them, shares of classes.
/// @param logits  [targets, classes].  @param wide  the dtype in which the loss is taken.  @param gradient  becomes the
/// mean loss's with respect to the logits; its memory is reused where it suffices.
LossValue batch_loss(const at::Tensor& logits, const Batch& batch, at::ScalarType wide, bool aten,
                     at::Tensor& gradient);

}  // namespace sac
