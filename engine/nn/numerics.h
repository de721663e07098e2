#pragma once
#include <c10/core/ScalarType.h>

namespace sac {

/// In which numbers, and by whose kernels, a model computes. Tensors on a device always go through ATen.
struct Numerics {
  // NOLINTNEXTLINE(google-explicit-constructor): a dtype alone says enough
  Numerics(at::ScalarType type = at::kFloat, bool low = false, bool by_aten = false)
      : dtype(type), bf16(low), aten(by_aten) {}

  at::ScalarType dtype;  ///< of parameters, gradients and statistics: float32 or float64
  bool bf16;             ///< activations, convolutions and matrix products in bfloat16, by ATen
  bool aten;             ///< ATen also on the CPU, where the loops of kernels.h are the rule; for tests
};

}  // namespace sac
