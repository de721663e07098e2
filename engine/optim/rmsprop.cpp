#include <ATen/ops/zeros_like.h>

#include "engine/optim/optimizer.h"

namespace sac {
namespace {

struct RmsPropOptions {
  double decay, eps, momentum, weight_decay;
  bool eps_inside;
};

/// Gradients over the root of their mean square.
/// Source  Tieleman & Hinton, Lecture 6.5 of "Neural Networks for Machine Learning", 2012.
/// Rule    g <- g + weight_decay x; s <- decay s + (1 - decay) g g; u = g / (sqrt(s) + eps) as torch.optim.RMSprop has
///         it, or g / sqrt(s + eps) with the epsilon inside the root, as TensorFlow; v <- momentum v + u; x <- x - lr
///         v.
class RmsProp final : public Optimizer {
 public:
  RmsProp(const at::Tensor& parameters, const at::Tensor& gradients, const RmsPropOptions& options)
      : parameters_(parameters), gradients_(gradients), squares_(at::zeros_like(parameters)), options_(options) {
    if (options_.momentum > 0.0) velocity_ = at::zeros_like(parameters);
  }

  void step(double lr) override {
    ++steps_done_;
    const at::Tensor gradient =
        options_.weight_decay > 0.0 ? gradients_.add(parameters_, options_.weight_decay) : gradients_;
    squares_.mul_(options_.decay).addcmul_(gradient, gradient, 1.0 - options_.decay);
    at::Tensor root = options_.eps_inside ? squares_.add(options_.eps).sqrt_() : squares_.sqrt().add_(options_.eps);
    if (!velocity_.defined()) {
      parameters_.addcdiv_(gradient, root, -lr);
      return;
    }
    velocity_.mul_(options_.momentum).addcdiv_(gradient, root);
    parameters_.sub_(velocity_, lr);
  }

  [[nodiscard]] std::vector<at::Tensor> state() const override {
    return velocity_.defined() ? std::vector<at::Tensor>{squares_, velocity_} : std::vector<at::Tensor>{squares_};
  }
  [[nodiscard]] std::int64_t steps_done() const override { return steps_done_; }
  void set_steps_done(std::int64_t steps) override { steps_done_ = steps; }

 private:
  at::Tensor parameters_;
  at::Tensor gradients_;
  at::Tensor squares_;
  at::Tensor velocity_;  ///< undefined without momentum
  RmsPropOptions options_;
  std::int64_t steps_done_ = 0;
};

OptimizerFactory make(const Options& options, const TensorShapes&) {
  const RmsPropOptions rmsprop{options.number("decay"), options.number("eps"), options.number("momentum"),
                               options.number("weight_decay"), options.text("eps_place") == "inside"};
  return [rmsprop](const at::Tensor& parameters, const at::Tensor& gradients) {
    return std::make_unique<RmsProp>(parameters, gradients, rmsprop);
  };
}

constexpr double kBelowOne = 1.0 - 0x1.0p-53;

const Register<OptimizerEntry> registered{
    {.name = "rmsprop",
     .summary = "gradients over the root of their mean square, with momentum",
     .options =
         {{.name = "decay", .fallback = 0.99, .doc = "of the mean square", .min = 0.0, .max = kBelowOne},
          {.name = "eps",
           .fallback = 1e-8,
           .doc = "keeps the denominator above 0",
           .min = 0.0,
           .max = 1.0,
           .min_open = true},
          {.name = "eps_place",
           .fallback = std::string("outside"),
           .doc = "of the root: g / (sqrt(s) + eps), or inside: g / sqrt(s + eps)",
           .choices = {"outside", "inside"}},
          {.name = "momentum", .fallback = 0.0, .doc = "share of the velocity kept a step", .min = 0.0, .max = 1.0},
          {.name = "weight_decay",
           .fallback = 0.0,
           .doc = "L2 penalty, added to the gradient",
           .min = 0.0,
           .max = 1e6}},
     .make = make}};

}  // namespace
}  // namespace sac
