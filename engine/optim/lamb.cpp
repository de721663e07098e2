#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "engine/optim/adam_options.h"
#include "engine/optim/layerwise.h"
#include "engine/optim/optimizer.h"

namespace sac {
namespace {

/// Adam whose step is as long, in every tensor, as a share lr of the tensor itself.
/// Source  You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", ICLR 2020,
///         arXiv:1904.00962.
/// Rule    m, v as Adam; u = m' / (sqrt(v') + eps) + weight_decay x; x <- x - lr (|x| / |u|) u, tensor by tensor, where
///         a ratio of which a part is 0 counts 1.
class Lamb final : public Optimizer {
 public:
  Lamb(const at::Tensor& parameters, const at::Tensor& gradients, const AdamOptions& options,
       const TensorShapes& shapes)
      : gradients_(gradients),
        first_(at::zeros_like(parameters)),
        second_(at::zeros_like(parameters)),
        update_(at::zeros_like(parameters)),
        parameters_(parameters),
        tensors_(tensor_views(parameters, shapes, "lamb")),
        updates_(tensor_views(update_, shapes, "lamb")),
        options_(options) {}

  void step(double lr) override {
    const auto t = static_cast<double>(++steps_done_);
    first_.mul_(options_.beta1).add_(gradients_, 1.0 - options_.beta1);
    second_.mul_(options_.beta2).addcmul_(gradients_, gradients_, 1.0 - options_.beta2);
    const at::Tensor root = second_.sqrt().mul_(1.0 / std::sqrt(1.0 - std::pow(options_.beta2, t))).add_(options_.eps);
    update_.copy_(first_).div_(root).div_(1.0 - std::pow(options_.beta1, t)).add_(parameters_, options_.weight_decay);
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      tensors_[i].sub_(updates_[i].mul_(norm_ratio(tensors_[i], updates_[i])), lr);
    }
  }

  [[nodiscard]] std::vector<at::Tensor> state() const override { return {first_, second_}; }
  [[nodiscard]] std::int64_t steps_done() const override { return steps_done_; }
  void set_steps_done(std::int64_t steps) override { steps_done_ = steps; }

 private:
  at::Tensor gradients_;
  at::Tensor first_;
  at::Tensor second_;
  at::Tensor update_;  ///< [D], of the step that is being made
  at::Tensor parameters_;
  std::vector<at::Tensor> tensors_;
  std::vector<at::Tensor> updates_;
  AdamOptions options_;
  std::int64_t steps_done_ = 0;
};

OptimizerFactory make(const Options& options, const TensorShapes& shapes) {
  return [lamb = adam_options(options), shapes](const at::Tensor& parameters, const at::Tensor& gradients) {
    return std::make_unique<Lamb>(parameters, gradients, lamb, shapes);
  };
}

const Register<OptimizerEntry> registered{
    {.name = "lamb",
     .summary = "Adam with each tensor's step scaled to the tensor's length, for large batches",
     .options = adam_option_specs(1e-6, "decay, a part of the update that is scaled"),
     .make = make}};

}  // namespace
}  // namespace sac
