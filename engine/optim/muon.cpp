#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

#include "engine/optim/layerwise.h"
#include "engine/optim/optimizer.h"

namespace sac {
namespace {

struct MuonOptions {
  double momentum, weight_decay;
  bool nesterov;
  std::int64_t iterations;
};

/// Keeps a norm above 0.
constexpr double kTiny = 1e-12;

/// U V^T of the singular value decomposition U S V^T, roughly: a quintic Newton-Schulz iteration whose singular values
/// end between about 0.7 and 1.2.
at::Tensor orthogonalised(const at::Tensor& matrix, std::int64_t iterations) {
  const bool tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = tall ? matrix.t() : matrix;
  x = x.div(at::linalg_vector_norm(x).add_(kTiny));
  for (std::int64_t i = 0; i < iterations; ++i) {
    const at::Tensor square = at::mm(x, x.t());
    const at::Tensor polynomial = square.mul(-4.7750).add_(at::mm(square, square), 2.0315);
    x = x.mul(3.4445).add_(at::mm(polynomial, x));
  }
  return tall ? x.t() : x;
}

/// Momentum, orthogonalised for weights of two and more dimensions (those after the first count as one).
/// Source  Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024; scale and weight decay as in
///         Liu et al., "Muon is Scalable for LLM Training", 2025, arXiv:2502.16982.
/// Rule    v <- momentum v + g; u = g + momentum v with Nesterov, else v; x <- (1 - lr weight_decay) x - lr a O(u) with
///         O(u) the nearest orthogonal matrix and a = 0.2 sqrt(max(rows, columns)), so that a step is as long as
///         Adam's; other tensors (biases, normalisation): x <- x - lr u / rms(u) 0.2.
class Muon final : public Optimizer {
 public:
  Muon(const at::Tensor& parameters, const at::Tensor& gradients, const MuonOptions& options,
       const TensorShapes& shapes)
      : parameters_(parameters),
        gradients_(gradients),
        velocity_(at::zeros_like(parameters)),
        update_(at::zeros_like(parameters)),
        tensors_(tensor_views(parameters, shapes, "muon")),
        updates_(tensor_views(update_, shapes, "muon")),
        options_(options) {}

  void step(double lr) override {
    ++steps_done_;
    velocity_.mul_(options_.momentum).add_(gradients_);
    update_.copy_(velocity_);
    if (options_.nesterov) update_.mul_(options_.momentum).add_(gradients_);
    parameters_.mul_(1.0 - lr * options_.weight_decay);
    for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].sub_(direction(updates_[i]), kRms * lr);
  }

  [[nodiscard]] std::vector<at::Tensor> state() const override { return {velocity_}; }
  [[nodiscard]] std::int64_t steps_done() const override { return steps_done_; }
  void set_steps_done(std::int64_t steps) override { steps_done_ = steps; }

 private:
  /// Root mean square of Adam's updates, as a rule.
  static constexpr double kRms = 0.2;

  /// The update with a root mean square of about 1.
  [[nodiscard]] at::Tensor direction(const at::Tensor& update) const {
    const auto size = static_cast<double>(update.numel());
    if (update.dim() < 2) return update.div(at::linalg_vector_norm(update).add_(kTiny)).mul_(std::sqrt(size));
    const at::Tensor matrix = update.flatten(1);
    const auto longer = static_cast<double>(std::max(matrix.size(0), matrix.size(1)));
    return orthogonalised(matrix, options_.iterations).mul(std::sqrt(longer)).view(update.sizes());
  }

  at::Tensor parameters_;
  at::Tensor gradients_;
  at::Tensor velocity_;
  at::Tensor update_;  ///< [D], of the step that is being made
  std::vector<at::Tensor> tensors_;
  std::vector<at::Tensor> updates_;
  MuonOptions options_;
  std::int64_t steps_done_ = 0;
};

OptimizerFactory make(const Options& options, const TensorShapes& shapes) {
  const MuonOptions muon{options.number("momentum"), options.number("weight_decay"), options.boolean("nesterov"),
                         options.integer("iterations")};
  return [muon, shapes](const at::Tensor& parameters, const at::Tensor& gradients) {
    return std::make_unique<Muon>(parameters, gradients, muon, shapes);
  };
}

const Register<OptimizerEntry> registered{
    {.name = "muon",
     .summary = "momentum made orthogonal, matrix by matrix",
     .options =
         {{.name = "momentum", .fallback = 0.95, .doc = "share of the velocity kept a step", .min = 0.0, .max = 1.0},
          {.name = "nesterov", .fallback = true, .doc = "step along the gradient looked ahead"},
          {.name = "iterations", .fallback = std::int64_t{5}, .doc = "of Newton and Schulz", .min = 1, .max = 100},
          {.name = "weight_decay",
           .fallback = 0.01,
           .doc = "decoupled decay, times the step size",
           .min = 0.0,
           .max = 1e6}},
     .make = make}};

}  // namespace
}  // namespace sac
