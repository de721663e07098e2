#pragma once
#include <ATen/core/Tensor.h>

#include "engine/nn/model.h"

namespace sac {

/// Softmax cross-entropy, mean over the batch.
/// @param logits  [B, classes], B >= 1.  @param targets  [B], int64.  @param gradient  [B, classes]: overwritten with
/// the gradient of the mean loss with respect to the logits.  @return the mean loss, nats.
/// @throws DataError  a target outside [0, classes).
double cross_entropy(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& gradient);

/// The same by ATen's kernels, on the tensors' device, which is not waited for.  @return the mean loss, without
/// dimensions. A target outside [0, classes) is not found out: data sets hold none.
at::Tensor cross_entropy_by_aten(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& gradient);

/// Cross-entropy against shares of classes, on any device, which is not waited for.
/// @param shares  [B, classes], rows that sum to 1.  @return the mean loss, without dimensions.
at::Tensor soft_cross_entropy(const at::Tensor& logits, const at::Tensor& shares, const at::Tensor& gradient);

/// The first without gradient, as sums, with the number of samples whose largest logit (the first of equals) is the
/// target's.
EvalSums cross_entropy_sums(const at::Tensor& logits, const at::Tensor& targets);

/// The same by ATen's kernels; waits for the device.
EvalSums cross_entropy_sums_by_aten(const at::Tensor& logits, const at::Tensor& targets);

}  // namespace sac
