#pragma once
#include <ATen/core/Tensor.h>

#include "engine/core/options.h"
#include "engine/train/archive.h"

namespace sac {

/// What one end of a compressed exchange keeps of what its messages C(.) could not say.
///   ef     p = g + e / u; C(p) is sent; e <- u (p - C(p))   Seide 2014; Karimireddy et al. 2019, arXiv:1901.09847
///   ef21   C(g - h) is sent; h <- h + C(g - h)              Richtarik et al. 2021, arXiv:2106.05203
///   dgc    m <- b m + g; v <- v + m; C(v) is sent; v <- v - C(v), m <- 0 where C(v) is not
///                                                           Lin et al. 2018, arXiv:1712.01887
/// u is the step size that the vector will be multiplied with: so x_T - e_T = x_0 - sum_t lr_t g_t for any lr_t.
/// dgc clips g first, on request, to the norm c / sqrt(K).
class KeptBack {
 public:
  KeptBack() = default;  ///< nothing
  /// codec, error_feedback, error_feedback_rule, codec_momentum, codec_clip.
  /// @throws ConfigError  options that contradict each other.
  explicit KeptBack(const Options& options);

  [[nodiscard]] bool keeps_nothing() const { return rule_ == Rule::kNothing; }
  /// Every exchange needs every rank's word, for means of what was said are kept, too.
  [[nodiscard]] bool keeps_mean() const { return rule_ == Rule::kEf21; }
  /// What is sent is a gradient's momentum.
  [[nodiscard]] bool has_momentum() const { return rule_ == Rule::kDgc && momentum_ > 0.0; }

  /// What is to be sent instead of values [n]: a tensor of its own.
  [[nodiscard]] at::Tensor wanted(const at::Tensor& values, double unit, int workers);
  /// `said` [n] is what the message for `wanted` says; both are used up.
  void sent(const at::Tensor& wanted, const at::Tensor& said, double unit);
  /// e, h or v, [n]; undefined before the first exchange.
  [[nodiscard]] const at::Tensor& memory() const { return memory_; }
  void io(Archive& archive) { archive.io(memory_, velocity_); }

 private:
  enum class Rule { kNothing, kEf, kEf21, kDgc };
  [[nodiscard]] at::Tensor with_momentum(const at::Tensor& values, int workers);

  Rule rule_ = Rule::kNothing;
  double momentum_ = 0.0;  ///< b
  double clip_ = 0.0;      ///< c; 0 = never
  at::Tensor memory_;      ///< e, h or v, [n]; undefined before the first exchange
  at::Tensor velocity_;    ///< m, [n]
};

}  // namespace sac
