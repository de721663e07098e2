#include "engine/train/outer_optimizer.h"

#include <ATen/ops/zeros_like.h>

namespace sac {

void OuterOptimizer::step(const at::Tensor& model, double unit) {
  const double u = unit > 0.0 ? unit : 1.0;  // a step size of 0 has changed nothing
  const at::Tensor change = start_.sub(model).div_(u);
  turn_into_change(change);
  start_.sub_(change, config_.lr * u);
  model.copy_(start_);
}

void OuterOptimizer::turn_into_change(const at::Tensor& change) {
  if (config_.momentum == 0.0 && config_.rule != "adam") return;
  if (!velocity_.defined()) velocity_ = at::zeros_like(change);
  if (config_.rule == "adam") {
    if (!squares_.defined()) squares_ = at::zeros_like(change);
    velocity_.mul_(config_.momentum).add_(change, 1.0 - config_.momentum);
    squares_.mul_(config_.beta2).addcmul_(change, change, 1.0 - config_.beta2);
    change.copy_(velocity_).div_(squares_.sqrt().add_(config_.epsilon));
    return;
  }
  velocity_.mul_(config_.momentum).add_(change);
  if (config_.rule == "nesterov") {
    change.add_(velocity_, config_.momentum);
  } else {
    change.copy_(velocity_);
  }
}

}  // namespace sac
