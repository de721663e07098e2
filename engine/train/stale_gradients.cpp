#include "engine/train/stale_gradients.h"

#include <ATen/ops/zeros_like.h>

#include <algorithm>

namespace sac {

std::vector<OptionSpec> StaleGradients::options() {
  return {
      {.name = "stale_drop",
       .fallback = std::int64_t{-1},
       .doc = "gradients later than this many changes are thrown away; -1 = none",
       .min = -1,
       .max = 1e12},
      {.name = "stale_remedy",
       .fallback = std::string("none"),
       .doc = "what is done to late gradients",
       .choices = {"none", "scale", "delay_compensation", "adaptive_delay_compensation", "gap_aware"}},
      {.name = "stale_lambda", .fallback = 0.04, .doc = "delay compensation: its strength, l", .min = 0, .max = 1e9},
  };
}

StaleGradients::StaleGradients(const Options& options, int workers)
    : drop_(options.integer("stale_drop")),
      lambda_(options.number("stale_lambda")),
      copies_(static_cast<std::size_t>(workers)) {
  const std::string& name = options.text("stale_remedy");
  if (name == "scale") remedy_ = Remedy::kScale;
  if (name == "delay_compensation") remedy_ = Remedy::kCompensate;
  if (name == "adaptive_delay_compensation") remedy_ = Remedy::kCompensateAdaptively;
  if (name == "gap_aware") remedy_ = Remedy::kGap;
}

bool StaleGradients::correct(const at::Tensor& gradient, const ServerUpdate& update, const at::Tensor& parameters) {
  if (drop_ >= 0 && update.staleness > drop_) return false;
  if (remedy_ == Remedy::kScale && update.staleness > 1) gradient.div_(static_cast<double>(update.staleness));
  const at::Tensor& copy = copies_[static_cast<std::size_t>(update.worker)];
  if (!remembers() || !copy.defined()) return true;
  const at::Tensor moved = parameters.sub(copy);
  remedy_ == Remedy::kGap ? shorten(gradient, moved) : compensate(gradient, moved);
  return true;
}

void StaleGradients::compensate(const at::Tensor& gradient, const at::Tensor& moved) {
  constexpr double kKept = 0.95, kTiny = 1e-7;
  const at::Tensor square = gradient.square();
  moved.mul_(square).mul_(lambda_);
  if (remedy_ == Remedy::kCompensateAdaptively) {
    if (!squares_.defined()) squares_ = at::zeros_like(gradient);
    squares_.mul_(kKept).add_(square, 1.0 - kKept);
    moved.div_(squares_.add(kTiny).sqrt_());
  }
  gradient.add_(moved);
}

void StaleGradients::shorten(const at::Tensor& gradient, const at::Tensor& moved) const {
  if (change_sum_ <= 0.0) return;
  const double mean_change = change_sum_ / static_cast<double>(changes_);
  gradient.div_(std::max(1.0, moved.norm().item<double>() / mean_change));
}

void StaleGradients::read(int worker, const at::Tensor& parameters) {
  if (!remembers()) return;
  at::Tensor& copy = copies_[static_cast<std::size_t>(worker)];
  if (!copy.defined()) copy = at::zeros_like(parameters);
  copy.copy_(parameters);
}

void StaleGradients::changed(const at::Tensor& parameters) {
  if (remedy_ != Remedy::kGap) return;
  if (last_.defined()) {
    change_sum_ += last_.sub_(parameters).norm().item<double>();
    ++changes_;
    last_.copy_(parameters);
  } else {
    last_ = parameters.clone();
  }
}

}  // namespace sac
