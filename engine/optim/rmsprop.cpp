#include <ATen/Dispatch.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "engine/optim/optimizer.h"
#include "engine/parallel/parallel.h"

namespace sac {
namespace {

struct RmsPropOptions {
  double decay, momentum, eps, weight_decay;
  bool inside;  ///< the epsilon, of the root; the step size then goes into the velocity
};

template <class T, bool inside>
void rmsprop_step(T* __restrict x, const T* __restrict gradient, T* __restrict square, T* __restrict velocity,
                  std::int64_t count, double lr, const RmsPropOptions& options) {
  const T decay = static_cast<T>(options.decay), momentum = static_cast<T>(options.momentum);
  const T eps = static_cast<T>(options.eps), shrink = static_cast<T>(options.weight_decay);
  const T into = inside ? static_cast<T>(lr) : T(1), out = inside ? T(1) : static_cast<T>(lr);
  for (std::int64_t i = 0; i < count; ++i) {
    const T g = gradient[i] + shrink * x[i];
    square[i] = decay * square[i] + (T(1) - decay) * g * g;
    const T root = inside ? std::sqrt(square[i] + eps) : std::sqrt(square[i]) + eps;
    velocity[i] = momentum * velocity[i] + into * g / root;
    x[i] -= out * velocity[i];
  }
}

/// Gradients over the root of their mean square.
/// Source  Tieleman & Hinton, lecture 6.5, 2012; momentum with the epsilon inside: Szegedy et al. 2016,
///         arXiv:1512.00567.
/// Rule    g <- g + weight_decay x; s <- decay s + (1 - decay) g^2, then
///         outside (torch.optim)   v <- m v + g / (sqrt(s) + eps);     x <- x - lr v;
///         inside (TensorFlow)     v <- m v + lr g / sqrt(s + eps);    x <- x - v.
class RmsProp final : public Optimizer {
 public:
  RmsProp(const at::Tensor& parameters, const at::Tensor& gradients, const RmsPropOptions& options)
      : parameters_(parameters),
        gradients_(gradients),
        square_(at::zeros_like(parameters)),
        velocity_(at::zeros_like(parameters)),
        options_(options) {}

  void step(double lr) override {
    ++steps_done_;
    if (!parameters_.is_cpu()) return step_on_device(lr);
    AT_DISPATCH_FLOATING_TYPES(parameters_.scalar_type(), "rmsprop", [&] {
      const auto step = options_.inside ? rmsprop_step<scalar_t, true> : rmsprop_step<scalar_t, false>;
      auto* x = parameters_.mutable_data_ptr<scalar_t>();
      const auto* gradient = gradients_.const_data_ptr<scalar_t>();
      auto* square = square_.mutable_data_ptr<scalar_t>();
      auto* velocity = velocity_.mutable_data_ptr<scalar_t>();
      const ThreadScope threads(operation_threads());
      in_parallel(parameters_.numel(), kGrain, [=, this](std::int64_t begin, std::int64_t end) {
        step(x + begin, gradient + begin, square + begin, velocity + begin, end - begin, lr, options_);
      });
    });
  }

  [[nodiscard]] std::vector<at::Tensor> state() const override { return {square_, velocity_}; }
  [[nodiscard]] std::int64_t steps_done() const override { return steps_done_; }
  void set_steps_done(std::int64_t steps) override { steps_done_ = steps; }

 private:
  void step_on_device(double lr) {
    const at::Tensor gradient = gradients_.add(parameters_, options_.weight_decay);
    square_.mul_(options_.decay).addcmul_(gradient, gradient, 1.0 - options_.decay);
    const at::Tensor root = options_.inside ? square_.add(options_.eps).sqrt_() : square_.sqrt().add_(options_.eps);
    velocity_.mul_(options_.momentum).addcdiv_(gradient, root, options_.inside ? lr : 1.0);
    parameters_.sub_(velocity_, options_.inside ? 1.0 : lr);
  }

  at::Tensor parameters_, gradients_, square_, velocity_;
  RmsPropOptions options_;
  std::int64_t steps_done_ = 0;
};

OptimizerFactory make(const Options& options, const TensorShapes&) {
  const RmsPropOptions rmsprop{options.number("decay"), options.number("momentum"), options.number("eps"),
                               options.number("weight_decay"), options.text("eps_place") == "inside"};
  return [rmsprop](const at::Tensor& parameters, const at::Tensor& gradients) {
    return std::make_unique<RmsProp>(parameters, gradients, rmsprop);
  };
}

const Register<OptimizerEntry> registered{
    {.name = "rmsprop",
     .summary = "gradients over the root of their mean square, with momentum",
     .options =
         {{.name = "decay", .fallback = 0.99, .doc = "of the mean square", .min = 0.0, .max = kBelowOne},
          {.name = "momentum", .fallback = 0.0, .doc = "kept of the last step", .min = 0.0, .max = kBelowOne},
          {.name = "eps", .fallback = 1e-8, .doc = "keeps the root above 0", .min = 0.0, .max = 1.0, .min_open = true},
          {.name = "eps_place",
           .fallback = std::string("outside"),
           .doc = "of the root: g / (sqrt(s) + eps), as torch.optim, or inside: g / sqrt(s + eps), as TensorFlow",
           .choices = {"outside", "inside"}},
          {.name = "weight_decay",
           .fallback = 0.0,
           .doc = "L2 penalty, added to the gradient",
           .min = 0.0,
           .max = 1e6}},
     .make = make}};

}  // namespace
}  // namespace sac
