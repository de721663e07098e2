#pragma once
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/random.h"
#include "engine/nn/model.h"
#include "engine/optim/optimizer.h"
#include "engine/train/batch_source.h"

namespace sac::test {

/// A model whose every number is known: loss(x; t) = mean over elements of (x - t)^2 / 2 times D, so that the gradient
/// of a batch is x - mean of its targets. Layers of the given sizes, even ones matrices of two columns; `inputs` of a
/// batch are its targets [B, D].
class ToyModel final : public Model {
 public:
  explicit ToyModel(std::vector<std::int64_t> layer_sizes, at::ScalarType dtype = at::kDouble) : dtype_(dtype) {
    std::int64_t begin = 0;
    for (const std::int64_t size : layer_sizes) {
      const int layer = static_cast<int>(layout_.layers.size());
      layout_.layers.push_back({.name = "layer" + std::to_string(layer),
                                .parameters = {begin, begin + size},
                                .buffers = {0, 0},
                                .forward_flops = 1.0 * static_cast<double>(size),
                                .backward_flops = 2.0 * static_cast<double>(size)});
      const bool matrix = size % 2 == 0;
      layout_.parameters.push_back({.name = layout_.layers.back().name + ".weight",
                                    .shape = matrix ? std::vector<std::int64_t>{size / 2, 2} : std::vector{size},
                                    .range = {begin, begin + size},
                                    .layer = layer});
      begin += size;
    }
  }
  [[nodiscard]] const Layout& layout() const override { return layout_; }
  [[nodiscard]] at::ScalarType dtype() const override { return dtype_; }
  void initialise(const at::Tensor& parameters, const at::Tensor&, std::uint64_t seed) const override {
    RandomStream stream(seed, 0, Purpose::kInitialisation);
    for (std::int64_t i = 0; i < parameters.numel(); ++i) parameters[i] = stream.normal();
  }
  [[nodiscard]] std::unique_ptr<Network> bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                              const at::Tensor&) const override {
    return std::make_unique<Bound>(layout_, parameters, gradients);
  }

 private:
  class Bound final : public Network {
   public:
    Bound(const Layout& layout, at::Tensor parameters, at::Tensor gradients)
        : layout_(&layout), parameters_(std::move(parameters)), gradients_(std::move(gradients)) {}
    LossValue compute_gradients(const Batch& batch, const GradientReady& ready) override {
      const at::Tensor difference = parameters_ - batch.inputs;
      const at::Tensor mean = difference.mean(0);
      for (int layer = static_cast<int>(layout_->layers.size()) - 1; layer >= 0; --layer) {
        const Range range = layout_->layers[static_cast<std::size_t>(layer)].parameters;
        gradients_.narrow(0, range.begin, range.size()).copy_(mean.narrow(0, range.begin, range.size()));
        if (ready) ready(layer);
      }
      return difference.square().sum().item<double>() / 2.0 / static_cast<double>(batch.inputs.size(0));
    }
    EvalSums evaluate(const Batch& batch) override {
      const double loss = (parameters_ - batch.inputs).square().sum().item<double>() / 2.0;
      return {.loss = loss, .correct = 0, .count = batch.inputs.size(0)};
    }

   private:
    const Layout* layout_;
    at::Tensor parameters_, gradients_;
  };

  Layout layout_;
  at::ScalarType dtype_;
};

/// Targets drawn from a stream a position: member m's batch at its step t is stream positions (t * members + m) * B on.
class ToyData final : public BatchSource {
 public:
  ToyData(std::int64_t elements, std::int64_t batch_size, at::ScalarType dtype = at::kDouble)
      : elements_(elements), batch_size_(batch_size), dtype_(dtype) {}
  [[nodiscard]] std::int64_t train_size() const override { return 1 << 20; }
  [[nodiscard]] std::int64_t eval_size() const override { return 7; }
  void train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const override {
    const std::int64_t share = batch_size_ / parts;
    fill((step * members + member) * batch_size_ + part * share, share, batch);
  }
  void eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const override {
    fill((std::int64_t{1} << 30) + begin, end - begin, batch);
  }

 private:
  void fill(std::int64_t position, std::int64_t count, Batch& batch) const {
    batch.inputs = at::empty({count, elements_}, at::TensorOptions(dtype_));
    for (std::int64_t i = 0; i < count; ++i) {
      RandomStream stream(static_cast<std::uint64_t>(position + i), 0, Purpose::kSynthetic);
      for (std::int64_t j = 0; j < elements_; ++j) batch.inputs[i][j] = stream.normal();
    }
  }
  std::int64_t elements_, batch_size_;
  at::ScalarType dtype_;
};

/// Plain SGD with heavy-ball momentum, tensor by tensor: the reference the laws are checked against.
class ToyOptimizer final : public Optimizer {
 public:
  ToyOptimizer(at::Tensor parameters, at::Tensor gradients, double momentum)
      : parameters_(std::move(parameters)), gradients_(std::move(gradients)), momentum_(momentum) {
    if (momentum > 0.0) velocity_ = at::zeros(parameters_.sizes(), parameters_.options());
  }
  void step(double lr) override {
    ++steps_;
    if (momentum_ <= 0.0) {
      parameters_.sub_(gradients_ * lr);
      return;
    }
    velocity_.mul_(momentum_).add_(gradients_);
    parameters_.sub_(velocity_ * lr);
  }
  [[nodiscard]] std::vector<at::Tensor> state() const override {
    return velocity_.defined() ? std::vector<at::Tensor>{velocity_} : std::vector<at::Tensor>{};
  }
  [[nodiscard]] std::int64_t steps_done() const override { return steps_; }
  void set_steps_done(std::int64_t steps) override { steps_ = steps; }

 private:
  at::Tensor parameters_, gradients_, velocity_;
  double momentum_;
  std::int64_t steps_ = 0;
};

}  // namespace sac::test
