#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/comm/communicator.h"

namespace sac {

/// Runs body(i) for i in [0, count), possibly on several threads.
using ParallelFor = std::function<void(std::int64_t count, const std::function<void(std::int64_t)>& body)>;

/// The elementwise reduction of equal tensors [n] in the order given: a fresh tensor, the same bits however the work is
/// split; of a single tensor itself. float32, float64, int64, float16, bfloat16.
/// @throws CommunicationError  another dtype.
at::Tensor reduce(const std::vector<at::Tensor>& inputs, Reduce op, const ParallelFor& parallel);

}  // namespace sac
