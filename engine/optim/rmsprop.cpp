#include <ATen/Dispatch.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "engine/optim/optimizer.h"

namespace sac {
namespace {

struct RmsPropOptions {
  double decay = 0.9;
  double momentum = 0.0;
  double eps = 1e-8;
};

template <class T>
void rmsprop_step(T* __restrict x, const T* __restrict gradient, T* __restrict square, T* __restrict velocity,
                  std::int64_t count, T lr, T decay, T momentum, T eps) {
  for (std::int64_t i = 0; i < count; ++i) {
    const T g = gradient[i];
    square[i] = decay * square[i] + (T(1) - decay) * g * g;
    velocity[i] = momentum * velocity[i] + lr * g / std::sqrt(square[i] + eps);
    x[i] -= velocity[i];
  }
}

/// RMSProp with momentum, the step size inside the velocity and eps inside the root.
/// Source  Tieleman & Hinton, lecture 6.5, 2012; the momentum form is that of Szegedy et al. 2016, arXiv:1512.00567.
/// Rule    s <- r s + (1 - r) g^2; v <- m v + lr g / sqrt(s + eps); x <- x - v.
class RmsProp final : public Optimizer {
 public:
  RmsProp(const at::Tensor& parameters, const at::Tensor& gradients, RmsPropOptions options)
      : parameters_(parameters),
        gradients_(gradients),
        square_(at::zeros_like(parameters)),
        velocity_(at::zeros_like(parameters)),
        options_(options) {}

  void step(double lr) override {
    ++steps_done_;
    if (!parameters_.is_cpu()) return step_on_device(lr);
    AT_DISPATCH_FLOATING_TYPES(parameters_.scalar_type(), "rmsprop", [&] {
      rmsprop_step(parameters_.mutable_data_ptr<scalar_t>(), gradients_.const_data_ptr<scalar_t>(),
                   square_.mutable_data_ptr<scalar_t>(), velocity_.mutable_data_ptr<scalar_t>(), parameters_.numel(),
                   static_cast<scalar_t>(lr), static_cast<scalar_t>(options_.decay),
                   static_cast<scalar_t>(options_.momentum), static_cast<scalar_t>(options_.eps));
    });
  }

  [[nodiscard]] std::vector<at::Tensor> state() const override { return {square_, velocity_}; }
  [[nodiscard]] std::int64_t steps_done() const override { return steps_done_; }
  void set_steps_done(std::int64_t steps) override { steps_done_ = steps; }

 private:
  void step_on_device(double lr) {
    square_.mul_(options_.decay).addcmul_(gradients_, gradients_, 1.0 - options_.decay);
    velocity_.mul_(options_.momentum).addcdiv_(gradients_, square_.add(options_.eps).sqrt_(), lr);
    parameters_.sub_(velocity_);
  }

  at::Tensor parameters_, gradients_, square_, velocity_;
  RmsPropOptions options_;
  std::int64_t steps_done_ = 0;
};

OptimizerFactory make(const Options& options) {
  const RmsPropOptions rmsprop{options.number("decay"), options.number("momentum"), options.number("eps")};
  return [rmsprop](const at::Tensor& parameters, const at::Tensor& gradients) {
    return std::make_unique<RmsProp>(parameters, gradients, rmsprop);
  };
}

constexpr double kBelowOne = 1.0 - 0x1.0p-53;

const Register<OptimizerEntry> registered{
    {.name = "rmsprop",
     .summary = "gradients over the root of their mean square, with momentum",
     .options =
         {{.name = "decay", .fallback = 0.9, .doc = "of the mean square", .min = 0.0, .max = kBelowOne},
          {.name = "momentum", .fallback = 0.0, .doc = "kept of the last step", .min = 0.0, .max = kBelowOne},
          {.name = "eps", .fallback = 1e-8, .doc = "added inside the root", .min = 0.0, .max = 1.0, .min_open = true}},
     .make = make}};

}  // namespace
}  // namespace sac
