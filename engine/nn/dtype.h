#pragma once
#include <ATen/core/Tensor.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace sac {

/// Calls `body(T{})` with T = float or double after `dtype`, and returns what it returns.
/// @throws std::logic_error  another dtype: models and optimisers are made in these two only.
template <class Body>
decltype(auto) with_dtype(at::ScalarType dtype, Body&& body) {
  if (dtype == at::kFloat) return std::forward<Body>(body)(float{});
  if (dtype == at::kDouble) return std::forward<Body>(body)(double{});
  throw std::logic_error(std::string("dtype ") + c10::toString(dtype) + " is not supported; choices: Float, Double");
}

}  // namespace sac
