#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/nn/model.h"

namespace sac::test {

/// The model `name` with `options`, from the registry.
std::shared_ptr<const Model> make_model(const std::string& name, SampleShape sample, const Numerics& numerics,
                                        const ValueMap& options = {}, std::int64_t classes = 10);

/// One initialised replica and the flat tensors it works on. Gradients start as NaN: every element must be written.
struct Replica {
  explicit Replica(std::shared_ptr<const Model> made, std::uint64_t seed = 1);

  std::shared_ptr<const Model> model;
  at::Tensor parameters, gradients, buffers;
  std::unique_ptr<Network> network;

  /// The parameters tensor by tensor, as leaves of an autograd graph.
  [[nodiscard]] std::vector<at::Tensor> leaves() const;
};

/// A small sample that the model of this name takes; classes = 10 fits it.
SampleShape fitting_sample(const std::string& name);

/// Repeatable inputs in [-1, 1), or token ids, and targets: one a sample, or one a token where `classes` is the
/// vocabulary.
Batch random_batch(std::int64_t size, SampleShape sample, at::ScalarType dtype, std::uint64_t seed = 7,
                   std::int64_t classes = 10);

/// max |a - b| / max |b|; 0 for empty tensors.
double relative_error(const at::Tensor& a, const at::Tensor& b);

}  // namespace sac::test
