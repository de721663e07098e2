#include "engine/nn/batch_loss.h"

#include <ATen/ops/empty_like.h>

#include "engine/nn/kernel_scope.h"
#include "engine/nn/layer.h"
#include "engine/nn/loss.h"

namespace sac {
namespace {

LossValue loss_by_aten(const at::Tensor& logits, const Batch& batch, at::ScalarType wide, at::Tensor& gradient) {
  const KernelScope scope;
  const at::Tensor values = logits.to(wide);
  const at::Tensor wide_gradient = at::empty_like(values);
  const at::Tensor loss = batch.shares.defined() ? soft_cross_entropy(values, batch.shares, wide_gradient)
                                                 : cross_entropy_by_aten(values, batch.targets.view(-1), wide_gradient);
  gradient = wide_gradient.to(logits.scalar_type());
  return LossValue(loss);
}

}  // namespace

LossValue batch_loss(const at::Tensor& logits, const Batch& batch, at::ScalarType wide, bool aten,
                     at::Tensor& gradient) {
  if (aten) return loss_by_aten(logits, batch, wide, gradient);
  reserve(gradient, logits.sizes(), logits.options());
  if (!batch.shares.defined()) return cross_entropy(logits, batch.targets.view(-1), gradient);
  const KernelScope scope;
  return soft_cross_entropy(logits, batch.shares, gradient).item<double>();
}

}  // namespace sac
