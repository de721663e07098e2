#pragma once
#include <ATen/core/Tensor.h>

#include <functional>

namespace sac {

/// What an optimiser is, too, that goes by a sum over the whole model's gradient where it may hold a part of it: a
/// stage of a pipeline.
class SumsOverParts {
 public:
  /// A number of each part, [1], becomes the sum over all parts.
  using Sum = std::function<void(const at::Tensor& number)>;

  virtual ~SumsOverParts() = default;
  /// Whether every update asks for one sum.
  [[nodiscard]] virtual bool wants_sums() const = 0;
  /// From now on it holds a part, and asks `sum`.
  virtual void sum_by(const Sum& sum) = 0;
};

}  // namespace sac
