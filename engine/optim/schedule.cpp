#include "engine/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "engine/core/error.h"

namespace sac {

const std::vector<OptionSpec>& schedule_options() {
  static const std::vector<OptionSpec> options{
      {.name = "lr", .fallback = 0.1, .doc = "step size", .min = 0.0, .max = 1e6, .min_open = true},
      {.name = "schedule",
       .fallback = std::string("constant"),
       .doc = "how the step size changes",
       .choices = {"constant", "step", "cosine"}},
      {.name = "warmup_steps",
       .fallback = std::int64_t{0},
       .doc = "steps of linear warm-up from lr / (warmup_steps + 1)",
       .min = 0},
      {.name = "step_every", .fallback = std::int64_t{1000}, .doc = "step: steps between two changes", .min = 1},
      {.name = "step_at",
       .fallback = Ints{},
       .doc = "step: the steps at which it changes, in place of step_every",
       .min = 1},
      {.name = "step_factor",
       .fallback = 0.1,
       .doc = "step: factor of each change",
       .min = 0.0,
       .max = 1e6,
       .min_open = true},
      {.name = "min_lr", .fallback = 0.0, .doc = "cosine: step size at the end, <= lr", .min = 0.0, .max = 1e6}};
  return options;
}

LearningRate::LearningRate(const Options& options, std::int64_t total_steps)
    : kind_(Kind::kConstant),
      lr_(options.number("lr")),
      min_lr_(options.number("min_lr")),
      step_factor_(options.number("step_factor")),
      warmup_steps_(options.integer("warmup_steps")),
      step_every_(options.integer("step_every")),
      step_at_(options.integers("step_at")),
      total_steps_(total_steps) {
  if (options.text("schedule") == "step") kind_ = Kind::kStep;
  if (options.text("schedule") == "cosine") kind_ = Kind::kCosine;
  if (std::adjacent_find(step_at_.begin(), step_at_.end(), std::greater_equal<>()) != step_at_.end()) {
    throw ConfigError("optimizer.step_at = " + to_toml(Value(step_at_)) + " must rise from step to step");
  }
  if (kind_ == Kind::kCosine && min_lr_ > lr_) {
    throw ConfigError("optimizer.min_lr = " + shortest(min_lr_) + " exceeds optimizer.lr = " + shortest(lr_) +
                      "; it must be in [0, " + shortest(lr_) + "]");
  }
}

std::int64_t LearningRate::changes_until(std::int64_t step) const {
  if (step_at_.empty()) return step / step_every_;
  return std::upper_bound(step_at_.begin(), step_at_.end(), step) - step_at_.begin();
}

double LearningRate::at(std::int64_t step) const {
  const std::int64_t warm = std::min(step, warmup_steps_);
  const double warmup = static_cast<double>(warm + 1) / static_cast<double>(warmup_steps_ + 1);
  if (kind_ == Kind::kConstant) return warmup * lr_;
  if (kind_ == Kind::kStep) return warmup * lr_ * std::pow(step_factor_, static_cast<double>(changes_until(step)));
  const auto length = static_cast<double>(std::max<std::int64_t>(total_steps_ - warmup_steps_, 1));
  const double progress = std::clamp(static_cast<double>(step - warmup_steps_) / length, 0.0, 1.0);
  return warmup * (min_lr_ + 0.5 * (lr_ - min_lr_) * (1.0 + std::cos(std::numbers::pi * progress)));
}

}  // namespace sac
