#include "engine/train/kept_back.h"

#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "engine/core/error.h"

namespace sac {

KeptBack::KeptBack(const Options& options)
    : momentum_(options.number("codec_momentum")), clip_(options.number("codec_clip")) {
  const bool feedback = options.boolean("error_feedback");
  const std::string& codec = options.text("codec");
  if (feedback && codec == "none") {
    throw ConfigError("strategy.error_feedback = true needs a codec, but strategy.codec = \"none\"");
  }
  if (feedback && codec == "dgc") {
    throw ConfigError("strategy.codec = \"dgc\" keeps what it does not send by itself: leave error_feedback = false");
  }
  if (codec == "dgc") {
    rule_ = Rule::kDgc;
  } else if (feedback) {
    rule_ = options.text("error_feedback_rule") == "ef21" ? Rule::kEf21 : Rule::kEf;
  }
}

at::Tensor KeptBack::wanted(const at::Tensor& values, double unit, int workers) {
  if (!memory_.defined() && rule_ != Rule::kNothing) memory_ = at::zeros_like(values);
  switch (rule_) {
    case Rule::kNothing: break;
    case Rule::kEf: return unit > 0.0 ? values.add(memory_, 1.0 / unit) : values.clone();
    case Rule::kEf21: return values.sub(memory_);
    case Rule::kDgc: return with_momentum(values, workers);
  }
  return values;
}

at::Tensor KeptBack::with_momentum(const at::Tensor& values, int workers) {
  if (!velocity_.defined()) velocity_ = at::zeros_like(values);
  double scale = 1.0;
  if (clip_ > 0.0) {
    const double norm = values.norm().item<double>();
    const double most = clip_ / std::sqrt(static_cast<double>(workers));
    if (norm > most) scale = most / norm;
  }
  velocity_.mul_(momentum_).add_(values, scale);
  return memory_.add_(velocity_).clone();
}

void KeptBack::sent(const at::Tensor& wanted, const at::Tensor& said, double unit) {
  switch (rule_) {
    case Rule::kNothing: break;
    case Rule::kEf:
      if (unit > 0.0) memory_.copy_(wanted.sub_(said).mul_(unit));
      break;
    case Rule::kEf21: memory_.add_(said); break;
    case Rule::kDgc:
      memory_.copy_(wanted.sub_(said));
      velocity_.masked_fill_(said.ne(0), 0.0);
      break;
  }
}

}  // namespace sac
