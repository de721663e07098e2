#include "engine/train/outer_optimizer.h"

#include <ATen/ops/zeros_like.h>

namespace sac {

std::vector<OptionSpec> OuterConfig::options(const std::string& prefix, const std::string& doc,
                                             const OuterConfig& fallback) {
  return {
      {.name = prefix + "_optimizer", .fallback = fallback.rule, .doc = doc, .choices = {"sgd", "nesterov", "adam"}},
      {.name = prefix + "_lr", .fallback = fallback.lr, .doc = "its step size", .min = 0, .max = 1e6},
      {.name = prefix + "_momentum",
       .fallback = fallback.momentum,
       .doc = "its momentum; adam: beta_1",
       .min = 0,
       .max = 1}};
}

OuterConfig OuterConfig::of(const Options& options, const std::string& prefix) {
  return {.rule = options.text(prefix + "_optimizer"),
          .lr = options.number(prefix + "_lr"),
          .momentum = options.number(prefix + "_momentum")};
}

std::vector<OptionSpec> outer_options() {
  return OuterConfig::options("outer", "what steps over whole periods",
                              {.rule = "nesterov", .lr = 0.7, .momentum = 0.9});
}

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
