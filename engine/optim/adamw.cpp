#include <ATen/Dispatch.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "engine/optim/fused.h"
#include "engine/optim/optimizer.h"
#include "engine/parallel/parallel.h"

namespace sac {
namespace {

/// The numbers of one step, the same for every element.
template <class T>
struct AdamWStep {
  T beta1, beta2, eps;
  T keep;             ///< 1 - lr weight_decay
  T step_size;        ///< lr / (1 - beta1^t)
  T root_correction;  ///< 1 / sqrt(1 - beta2^t)
};

template <class T>
void adamw_step(T* __restrict x, const T* __restrict gradient, T* __restrict first, T* __restrict second,
                std::int64_t count, AdamWStep<T> step) {
  for (std::int64_t i = 0; i < count; ++i) {
    const T g = gradient[i];
    const T m = step.beta1 * first[i] + (T(1) - step.beta1) * g;
    const T v = step.beta2 * second[i] + (T(1) - step.beta2) * g * g;
    first[i] = m;
    second[i] = v;
    x[i] = step.keep * x[i] - step.step_size * m / (std::sqrt(v) * step.root_correction + step.eps);
  }
}

/// Adam with decoupled weight decay, as torch.optim.AdamW has it.
/// Source  Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, arXiv:1711.05101.
/// Rule    x <- (1 - lr weight_decay) x; m <- beta1 m + (1 - beta1) g; v <- beta2 v + (1 - beta2) g g;
///         x <- x - lr m' / (sqrt(v') + eps) with m' = m / (1 - beta1^t), v' = v / (1 - beta2^t).
class AdamW final : public Optimizer {
 public:
  AdamW(const at::Tensor& parameters, const at::Tensor& gradients, AdamOptions options)
      : parameters_(parameters),
        gradients_(gradients),
        first_(at::zeros_like(parameters)),
        second_(at::zeros_like(parameters)),
        options_(options) {}

  void step(double lr) override {
    ++steps_done_;
    if (!parameters_.is_cpu()) {
      return fused_adamw(parameters_, gradients_, first_, second_, options_, lr, steps_done_);
    }
    AT_DISPATCH_FLOATING_TYPES(parameters_.scalar_type(), "adamw", [&] {
      auto* x = parameters_.mutable_data_ptr<scalar_t>();
      const auto* gradient = gradients_.const_data_ptr<scalar_t>();
      auto* first = first_.mutable_data_ptr<scalar_t>();
      auto* second = second_.mutable_data_ptr<scalar_t>();
      const AdamWStep<scalar_t> step = numbers<scalar_t>(lr);
      const ThreadScope threads(operation_threads());
      in_parallel(parameters_.numel(), kGrain, [=](std::int64_t begin, std::int64_t end) {
        adamw_step(x + begin, gradient + begin, first + begin, second + begin, end - begin, step);
      });
    });
  }

  [[nodiscard]] std::vector<at::Tensor> state() const override { return {first_, second_}; }
  [[nodiscard]] std::int64_t steps_done() const override { return steps_done_; }
  void set_steps_done(std::int64_t steps) override { steps_done_ = steps; }

 private:
  template <class T>
  [[nodiscard]] AdamWStep<T> numbers(double lr) const {
    const auto t = static_cast<double>(steps_done_);
    return {.beta1 = static_cast<T>(options_.beta1),
            .beta2 = static_cast<T>(options_.beta2),
            .eps = static_cast<T>(options_.eps),
            .keep = static_cast<T>(1.0 - lr * options_.weight_decay),
            .step_size = static_cast<T>(lr / (1.0 - std::pow(options_.beta1, t))),
            .root_correction = static_cast<T>(1.0 / std::sqrt(1.0 - std::pow(options_.beta2, t)))};
  }

  at::Tensor parameters_;
  at::Tensor gradients_;
  at::Tensor first_;
  at::Tensor second_;
  AdamOptions options_;
  std::int64_t steps_done_ = 0;
};

OptimizerFactory make(const Options& options, const TensorShapes&) {
  return [adamw = adam_options(options)](const at::Tensor& parameters, const at::Tensor& gradients) {
    return std::make_unique<AdamW>(parameters, gradients, adamw);
  };
}

const Register<OptimizerEntry> registered{{.name = "adamw",
                                           .summary = "Adam with decoupled weight decay",
                                           .options = adam_option_specs(1e-8, "decoupled decay, times the step size"),
                                           .make = make}};

}  // namespace
}  // namespace sac
