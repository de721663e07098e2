#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "engine/nn/model.h"

namespace sac {

/// What one place of a model drops in training.
struct DropRule {
  double probability = 0.0;  ///< in [0, 0.99]; 0 = nothing is dropped
  std::uint32_t salt = 0;    ///< tells the places of a model apart, less than 4,096
};

/// For each number of a batch 0 with the rule's probability, in steps of 2^-16, else one over one minus it (Srivastava
/// et al. 2014): a function of the seed, the sample's place among all that the run draws, the salt and the number's
/// place in the sample, so the same however samples are dealt out.
/// @param sizes  [B, ...].  @param options  dtype and device.
at::Tensor drop_factors(const DropRule& rule, const SamplePlace& place, at::IntArrayRef sizes,
                        const at::TensorOptions& options);

}  // namespace sac
