#pragma once
#include <ATen/core/Tensor.h>

#include "engine/train/archive.h"
#include "engine/train/endpoint.h"

namespace sac {

/// The exponential moving average of a worker's part of the evaluated model, from the initial one on:
/// x_ema <- d x_ema + (1 - d) x after each step; of its running statistics too. Linear, so that the mean of the
/// workers' averages is the average of their mean.
/// Source  Polyak & Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM J. Control Optim. 30(4),
///         1992, with weights that forget.
class WeightAverage {
 public:
  /// @param decay  d in [0, 1); 0 = off, nothing is kept.
  explicit WeightAverage(double decay) : decay_(decay) {}

  [[nodiscard]] bool on() const { return decay_ > 0.0; }
  /// Takes in the part after a step; the average begins at the first. A part without a replica changes nothing.
  void take(const ConsensusShare& share, const at::Tensor& buffers);
  /// Puts the averages in the place of what they are averages of.
  void replace(ConsensusShare& share, at::Tensor& buffers) const;
  void io(Archive& archive) { archive.io(parameters_, buffers_); }

 private:
  void follow(at::Tensor& average, const at::Tensor& value) const;

  double decay_;
  at::Tensor parameters_, buffers_;  ///< [D], [S]; undefined before the first
};

}  // namespace sac
