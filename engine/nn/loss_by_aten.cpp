#include <ATen/core/Reduction.h>
#include <ATen/ops/_log_softmax.h>
#include <ATen/ops/_log_softmax_backward_data.h>
#include <ATen/ops/nll_loss_backward.h>
#include <ATen/ops/nll_loss_forward.h>
#include <ATen/ops/ones_like.h>

#include "engine/nn/loss.h"

namespace sac {
namespace {

/// No class is left out of the loss.
constexpr std::int64_t kIgnoreNone = -100;

}  // namespace

at::Tensor cross_entropy_by_aten(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& gradient) {
  const at::Tensor log_softmax = at::_log_softmax(logits, 1, /*half_to_float=*/false);
  const auto [loss, weight] = at::nll_loss_forward(log_softmax, targets, {}, at::Reduction::Mean, kIgnoreNone);
  const at::Tensor by_log =
      at::nll_loss_backward(at::ones_like(loss), log_softmax, targets, {}, at::Reduction::Mean, kIgnoreNone, weight);
  at::Tensor result = gradient;
  at::_log_softmax_backward_data_out(result, by_log, log_softmax, 1, logits.scalar_type());
  return loss;
}

at::Tensor soft_cross_entropy(const at::Tensor& logits, const at::Tensor& shares, const at::Tensor& gradient) {
  const at::Tensor log_softmax = at::_log_softmax(logits, 1, /*half_to_float=*/false);
  const auto batch = static_cast<double>(logits.size(0));
  gradient.copy_(log_softmax.exp().sub_(shares).div_(batch));
  return log_softmax.mul(shares).sum().div_(-batch);
}

EvalSums cross_entropy_sums_by_aten(const at::Tensor& logits, const at::Tensor& targets) {
  const at::Tensor log_softmax = at::_log_softmax(logits, 1, /*half_to_float=*/false);
  const auto loss = std::get<0>(at::nll_loss_forward(log_softmax, targets, {}, at::Reduction::Sum, kIgnoreNone));
  return {.loss = loss.item<double>(),
          .correct = logits.argmax(1).eq(targets).sum().item<std::int64_t>(),
          .count = logits.size(0)};
}

}  // namespace sac
