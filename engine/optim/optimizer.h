#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/options.h"
#include "engine/core/registry.h"

namespace sac {

/// An optimiser over one flat tensor. Borrows nothing: holds references (at::Tensor handles) to parameters [D] and
/// gradients [D]. Not thread-safe.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// One update of the parameters in place from the gradients, with step size `lr` >= 0.
  virtual void step(double lr) = 0;
  /// State tensors, each [D], in a fixed order (momentum; first and second moment); empty for plain SGD. Allocated at
  /// construction, zero: strategies may average or zero them, checkpoints store them.
  [[nodiscard]] virtual std::vector<at::Tensor> state() const = 0;
  /// Updates made so far (bias correction); restored with a checkpoint.
  [[nodiscard]] virtual std::int64_t steps_done() const = 0;
  virtual void set_steps_done(std::int64_t steps) = 0;

  /// Makes of a number of each part of the model, [1], the sum over all parts, in place.
  using SumOverParts = std::function<void(const at::Tensor& number)>;
  /// Whether every update goes by one number of the whole model (a norm), of which this may hold a part: a stage of a
  /// pipeline.
  [[nodiscard]] virtual bool sums_over_parts() const { return false; }
  /// It holds a part: from now on every update calls `sum` once, where sums_over_parts.
  virtual void sum_over_parts_by(SumOverParts sum) { (void)sum; }
};

/// Shapes of the tensors that follow one another in a flat one [D].
using TensorShapes = std::vector<std::vector<std::int64_t>>;

using OptimizerFactory =
    std::function<std::unique_ptr<Optimizer>(const at::Tensor& parameters, const at::Tensor& gradients)>;

struct OptimizerEntry {
  static constexpr const char* kThing = "optimizer";
  std::string name;
  std::string summary;
  std::vector<OptionSpec> options;  ///< its own (momentum, ...), not the schedule's
  /// @param shapes  of the model's tensors, for rules that go by them.
  std::function<OptimizerFactory(const Options&, const TensorShapes& shapes)> make;
};

}  // namespace sac
