#include "engine/optim/wrap.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros_like.h>

namespace sac {
namespace {

/// Passes everything on.
class Wrapper : public Optimizer {
 public:
  explicit Wrapper(std::unique_ptr<Optimizer> inner) : inner_(std::move(inner)) {}
  [[nodiscard]] bool sums_over_parts() const override { return inner_->sums_over_parts(); }
  void sum_over_parts_by(SumOverParts sum) override { inner_->sum_over_parts_by(std::move(sum)); }
  void step(double lr) override { inner_->step(lr); }
  [[nodiscard]] std::vector<at::Tensor> state() const override { return inner_->state(); }
  [[nodiscard]] std::int64_t steps_done() const override { return inner_->steps_done(); }
  void set_steps_done(std::int64_t steps) override { inner_->set_steps_done(steps); }

 private:
  std::unique_ptr<Optimizer> inner_;
};

/// The norm is the whole gradient's, also where this is a part of it.
class Clipping final : public Wrapper {
 public:
  Clipping(std::unique_ptr<Optimizer> inner, const at::Tensor& gradients, double norm)
      : Wrapper(std::move(inner)), gradients_(gradients), norm_(norm) {}

  [[nodiscard]] bool sums_over_parts() const override { return true; }
  void sum_over_parts_by(SumOverParts sum) override { sum_ = std::move(sum); }

  void step(double lr) override {
    gradients_.mul_(length().add_(kTiny).reciprocal_().mul_(norm_).clamp_max_(1.0));
    Wrapper::step(lr);
  }

 private:
  static constexpr double kTiny = 1e-6;  ///< PyTorch's

  [[nodiscard]] at::Tensor length() const {
    at::Tensor length = at::linalg_vector_norm(gradients_);
    if (!sum_) return length;
    const at::Tensor square = length.square_().view({1});
    sum_(square);
    return square.sqrt();
  }

  at::Tensor gradients_;
  double norm_;
  SumOverParts sum_{};  ///< over the parts of the gradient; empty where it is whole
};

/// Keeps x - s, which is zero at the start, and not s.
class Lookahead final : public Wrapper {
 public:
  Lookahead(std::unique_ptr<Optimizer> inner, const at::Tensor& parameters, std::int64_t steps, double rate)
      : Wrapper(std::move(inner)),
        parameters_(parameters),
        ahead_(at::zeros_like(parameters)),
        steps_(steps),
        rate_(rate) {}

  void step(double lr) override {
    ahead_.sub_(parameters_);
    Wrapper::step(lr);
    ahead_.add_(parameters_);
    if (steps_done() % steps_ != 0) return;
    parameters_.sub_(ahead_, 1.0 - rate_);
    ahead_.zero_();
  }

  [[nodiscard]] std::vector<at::Tensor> state() const override {
    std::vector<at::Tensor> state = Wrapper::state();
    state.push_back(ahead_);
    return state;
  }

 private:
  at::Tensor parameters_;
  at::Tensor ahead_;
  std::int64_t steps_;
  double rate_;
};

}  // namespace

const std::vector<OptionSpec>& wrap_options() {
  static const std::vector<OptionSpec> options{{.name = "clip_norm",
                                                .fallback = 0.0,
                                                .doc = "longest gradient, by its Euclidean norm; 0 = any",
                                                .min = 0.0,
                                                .max = 1e30},
                                               {.name = "lookahead_steps",
                                                .fallback = std::int64_t{0},
                                                .doc = "updates between two steps back of Lookahead; 0 = none",
                                                .min = 0,
                                                .max = 1e9},
                                               {.name = "lookahead_rate",
                                                .fallback = 0.5,
                                                .doc = "share of the way that Lookahead keeps",
                                                .min = 0.0,
                                                .max = 1.0,
                                                .min_open = true}};
  return options;
}

OptimizerFactory wrapped(OptimizerFactory factory, const Options& options) {
  const double norm = options.number("clip_norm");
  const std::int64_t steps = options.integer("lookahead_steps");
  const double rate = options.number("lookahead_rate");
  if (norm == 0.0 && steps == 0) return factory;
  return [=, factory = std::move(factory)](const at::Tensor& parameters, const at::Tensor& gradients) {
    std::unique_ptr<Optimizer> optimizer = factory(parameters, gradients);
    if (norm > 0.0) optimizer = std::make_unique<Clipping>(std::move(optimizer), gradients, norm);
    if (steps > 0) optimizer = std::make_unique<Lookahead>(std::move(optimizer), parameters, steps, rate);
    return optimizer;
  };
}

}  // namespace sac
