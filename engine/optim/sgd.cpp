#include <ATen/Dispatch.h>
#include <ATen/ops/zeros_like.h>

#include "engine/core/error.h"
#include "engine/optim/fused.h"
#include "engine/optim/optimizer.h"
#include "engine/parallel/parallel.h"

namespace sac {
namespace {

template <class T>
void plain_step(T* __restrict x, const T* __restrict gradient, std::int64_t count, T lr, T decay) {
  for (std::int64_t i = 0; i < count; ++i) x[i] -= lr * (gradient[i] + decay * x[i]);
}

/// `look_ahead` = 1 for Nesterov's step along g + m v, 0 for heavy ball's along v.
template <class T, bool kNesterov>
void momentum_step(T* __restrict x, const T* __restrict gradient, T* __restrict velocity, std::int64_t count, T lr,
                   T decay, T momentum) {
  for (std::int64_t i = 0; i < count; ++i) {
    const T g = gradient[i] + decay * x[i];
    const T v = momentum * velocity[i] + g;
    velocity[i] = v;
    x[i] -= lr * (kNesterov ? g + momentum * v : v);
  }
}

/// Stochastic gradient descent as torch.optim.SGD has it.
/// Source  Polyak 1964 (heavy ball); Sutskever et al. 2013 (Nesterov's momentum in this form).
/// Rule    g <- g + weight_decay x; v <- momentum v + g; x <- x - lr v, or x - lr (g + momentum v) with Nesterov.
class Sgd final : public Optimizer {
 public:
  Sgd(const at::Tensor& parameters, const at::Tensor& gradients, SgdOptions options)
      : parameters_(parameters), gradients_(gradients), options_(options) {
    if (options_.momentum > 0.0) velocity_ = at::zeros_like(parameters_);
  }

  void step(double lr) override {
    ++steps_done_;
    if (!parameters_.is_cpu()) return fused_sgd(parameters_, gradients_, velocity_, options_, lr);
    AT_DISPATCH_FLOATING_TYPES(parameters_.scalar_type(), "sgd", [&] { update(static_cast<scalar_t>(lr)); });
  }

  [[nodiscard]] std::vector<at::Tensor> state() const override {
    return velocity_.defined() ? std::vector<at::Tensor>{velocity_} : std::vector<at::Tensor>{};
  }
  [[nodiscard]] std::int64_t steps_done() const override { return steps_done_; }
  void set_steps_done(std::int64_t steps) override { steps_done_ = steps; }

 private:
  template <class T>
  void update(T lr) {
    T* x = parameters_.mutable_data_ptr<T>();
    const T* gradient = gradients_.const_data_ptr<T>();
    T* velocity = velocity_.defined() ? velocity_.mutable_data_ptr<T>() : nullptr;
    const T decay = static_cast<T>(options_.weight_decay);
    const T momentum = static_cast<T>(options_.momentum);
    const ThreadScope threads(operation_threads());
    in_parallel(parameters_.numel(), kGrain, [=, this](std::int64_t begin, std::int64_t end) {
      const std::int64_t count = end - begin;
      if (velocity == nullptr) return plain_step(x + begin, gradient + begin, count, lr, decay);
      const auto step = options_.nesterov ? momentum_step<T, true> : momentum_step<T, false>;
      step(x + begin, gradient + begin, velocity + begin, count, lr, decay, momentum);
    });
  }

  at::Tensor parameters_;
  at::Tensor gradients_;
  at::Tensor velocity_;  ///< undefined without momentum
  SgdOptions options_;
  std::int64_t steps_done_ = 0;
};

OptimizerFactory make(const Options& options, const TensorShapes&) {
  const SgdOptions sgd{options.number("momentum"), options.number("weight_decay"), options.boolean("nesterov")};
  if (sgd.nesterov && sgd.momentum == 0.0) {
    throw ConfigError("optimizer.nesterov = true needs optimizer.momentum > 0, got 0.0");
  }
  return [sgd](const at::Tensor& parameters, const at::Tensor& gradients) {
    return std::make_unique<Sgd>(parameters, gradients, sgd);
  };
}

const Register<OptimizerEntry> registered{
    {.name = "sgd",
     .summary = "stochastic gradient descent, with heavy-ball or Nesterov momentum",
     .options =
         {{.name = "momentum", .fallback = 0.0, .doc = "share of the velocity kept a step", .min = 0.0, .max = 1.0},
          {.name = "nesterov", .fallback = false, .doc = "step along the gradient looked ahead"},
          {.name = "weight_decay",
           .fallback = 0.0,
           .doc = "L2 penalty, added to the gradient",
           .min = 0.0,
           .max = 1e6}},
     .make = make}};

}  // namespace
}  // namespace sac
