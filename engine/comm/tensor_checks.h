#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "engine/core/error.h"

// What every communicator asks of the tensors it is given, in the same words.
namespace sac {

/// @throws CommunicationError  not contiguous, or not one-dimensional.
inline void require_flat(const at::Tensor& tensor, const std::string& what) {
  if (tensor.dim() == 1 && tensor.is_contiguous()) return;
  throw CommunicationError(what + " needs a contiguous one-dimensional tensor, got " + std::to_string(tensor.dim()) +
                           " dimensions");
}

/// @throws CommunicationError  got != wanted.
inline void require_elements(std::int64_t got, std::int64_t wanted, const std::string& what) {
  if (got == wanted) return;
  throw CommunicationError(what + " has " + std::to_string(got) + " elements; it needs " + std::to_string(wanted));
}

/// "all_reduce of 10 x Float"; the name alone where there is no tensor.
inline std::string described(const std::string& name, const at::Tensor& tensor) {
  if (!tensor.defined()) return name;
  return name + " of " + std::to_string(tensor.numel()) + " x " + c10::toString(tensor.scalar_type());
}

}  // namespace sac
