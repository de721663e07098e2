#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h>
#include <ATen/ops/_softmax.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>

#include <cmath>
#include <limits>

#include "engine/nn/layers.h"

namespace sac {
namespace {

/// Scale, maximum, difference, exponential, sum, quotient.
constexpr double kSoftmaxFlops = 6.0;

/// Query, key and value of every head in [B, 1, T, 3 C]: views [B, heads, T, C / heads].
struct Heads {
  Heads(const at::Tensor& packed, std::int64_t heads) {
    const std::int64_t width = packed.size(3) / 3;
    const at::Tensor split = packed.view({packed.size(0), packed.size(2), 3, heads, width / heads}).transpose(1, 3);
    query = split.select(2, 0);
    key = split.select(2, 1);
    value = split.select(2, 2);
  }
  at::Tensor query, key, value;
};

/// [B, heads, T, C / heads] from and to [B, 1, T, C].
at::Tensor apart(const at::Tensor& joined, std::int64_t heads) {
  return joined.view({joined.size(0), joined.size(2), heads, joined.size(3) / heads}).transpose(1, 2);
}
at::Tensor join(const at::Tensor& heads) {
  return heads.transpose(1, 2).reshape({heads.size(0), 1, heads.size(2), heads.size(1) * heads.size(3)});
}

class Attention final : public Layer {
 public:
  Attention(LayerSpec spec, std::int64_t heads, bool causal, DropRule rule)
      : Layer(std::move(spec)), heads_(heads), causal_(causal), rule_(rule) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    pass.space.output.reset();
    const Heads in(input, heads_);
    if (pass.aten || (pass.training && drops())) return forward_by_products(pass, in);
    const auto [output, log_sum] = at::_scaled_dot_product_flash_attention_for_cpu(
        in.query, in.key, in.value, /*dropout_p=*/0.0, causal_, mask(pass));
    pass.space.saved = {output, log_sum};
    return join(output);
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    const Heads in(pass.space.input, heads_);
    at::Tensor& result = reserve(pass.space.gradient, pass.space.input.sizes(), gradient.options());
    const Heads out(result, heads_);
    if (pass.aten || drops()) {
      backward_by_products(pass, in, apart(gradient, heads_), out);
      return result;
    }
    const auto [query, key, value] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
        apart(gradient, heads_), in.query, in.key, in.value, pass.space.saved[0], pass.space.saved[1],
        /*dropout_p=*/0.0, causal_, mask(pass));
    out.query.copy_(query);
    out.key.copy_(key);
    out.value.copy_(value);
    return result;
  }

 private:
  /// Which the fused kernel cannot.
  [[nodiscard]] bool drops() const { return rule_.probability > 0.0; }

  /// Added to the scores: [B, 1, T, T].
  static std::optional<at::Tensor> mask(const Pass& pass) {
    const at::Tensor& padding = pass.batch.padding;
    if (!padding.defined()) return std::nullopt;
    return padding.expand({padding.size(0), 1, padding.size(3), padding.size(3)});
  }

  [[nodiscard]] at::Tensor forward_by_products(const Pass& pass, const Heads& in) const {
    at::Tensor scores = at::matmul(in.query, in.key.transpose(2, 3)).mul_(scale(in));
    if (pass.batch.padding.defined()) scores.add_(pass.batch.padding);
    if (causal_) {
      const std::int64_t tokens = scores.size(3);
      const at::Tensor later = at::ones({tokens, tokens}, scores.options().dtype(at::kBool)).triu_(1);
      scores.masked_fill_(later, -std::numeric_limits<double>::infinity());
    }
    const at::Tensor shares = at::_softmax(scores, 3, /*half_to_float=*/false);
    pass.space.saved = {shares};
    if (pass.training && drops()) {
      pass.space.saved.push_back(drop_factors(rule_, pass.batch.place, shares.sizes(), shares.options()));
    }
    return join(at::matmul(kept_of(pass.space.saved), in.value));
  }

  static void backward_by_products(const Pass& pass, const Heads& in, const at::Tensor& gradient, const Heads& out) {
    const std::vector<at::Tensor>& saved = pass.space.saved;
    const at::Tensor& shares = saved[0];
    out.value.copy_(at::matmul(kept_of(saved).transpose(2, 3), gradient));
    const at::Tensor of_shares = at::matmul(gradient, in.value.transpose(2, 3));
    if (saved.size() > 1) of_shares.mul_(saved[1]);
    const at::Tensor of_scores = at::_softmax_backward_data(of_shares, shares, 3, shares.scalar_type()).mul_(scale(in));
    out.query.copy_(at::matmul(of_scores, in.key));
    out.key.copy_(at::matmul(of_scores.transpose(2, 3), in.query));
  }

  /// Of saved shares [B, heads, T, T], and factors where some were dropped.
  static at::Tensor kept_of(const std::vector<at::Tensor>& saved) {
    return saved.size() == 1 ? saved[0] : saved[0].mul(saved[1]);
  }

  static double scale(const Heads& in) { return 1.0 / std::sqrt(static_cast<double>(in.query.size(3))); }

  std::int64_t heads_;
  bool causal_;
  DropRule rule_;
};

}  // namespace

std::unique_ptr<Layer> attention(SampleShape input, std::int64_t heads, Attends attends, const DropRule& rule) {
  const std::int64_t width = input.channels / 3;
  const auto pairs = static_cast<double>(input.width * input.width);
  const double products = 4.0 * pairs * static_cast<double>(width);
  const bool drops = rule.probability > 0.0;
  const double on_shares = (kSoftmaxFlops + (drops ? 1.0 : 0.0)) * pairs * static_cast<double>(heads);
  LayerSpec spec{.output = {width, 1, input.width},
                 .forward_flops = products + on_shares,
                 .backward_flops = 2.0 * products + on_shares,
                 .draws = drops};
  return std::make_unique<Attention>(std::move(spec), heads, attends == Attends::kBackwards, rule);
}

}  // namespace sac
