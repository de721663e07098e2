#include "engine/fabric/virtual/reduce.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/maximum.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <string>

#include "engine/core/error.h"

namespace sac {
namespace {

/// Elements a block: the accumulator stays in the first-level cache while the inputs stream past.
constexpr std::int64_t kBlock = 4096;
/// Blocks a task, so that handing out tasks costs nothing.
constexpr std::int64_t kBlocksPerTask = 4;

template <class T>
void reduce_block(const std::vector<const T*>& inputs, Reduce op, std::int64_t begin, std::int64_t end, T* out) {
  std::copy(inputs[0] + begin, inputs[0] + end, out + begin);
  for (std::size_t k = 1; k < inputs.size(); ++k) {
    const T* __restrict in = inputs[k];
    T* __restrict acc = out;
    if (op == Reduce::kMax) {
      for (std::int64_t i = begin; i < end; ++i) acc[i] = std::max(acc[i], in[i]);
    } else {
      for (std::int64_t i = begin; i < end; ++i) acc[i] += in[i];
    }
  }
  if (op == Reduce::kMean) {
    const T count = static_cast<T>(inputs.size());
    for (std::int64_t i = begin; i < end; ++i) out[i] /= count;
  }
}

template <class T>
at::Tensor reduce_all(const std::vector<at::Tensor>& inputs, Reduce op, const ParallelFor& parallel) {
  if (inputs.size() == 1) return inputs[0];
  at::Tensor output = at::empty_like(inputs[0]);
  std::vector<const T*> pointers;
  for (const at::Tensor& input : inputs) pointers.push_back(input.const_data_ptr<T>());
  T* out = output.data_ptr<T>();
  const std::int64_t n = output.numel();
  const std::int64_t span = kBlock * kBlocksPerTask;
  parallel((n + span - 1) / span, [&](std::int64_t task) {
    const std::int64_t stop = std::min(n, (task + 1) * span);
    for (std::int64_t begin = task * span; begin < stop; begin += kBlock) {
      reduce_block(pointers, op, begin, std::min(stop, begin + kBlock), out);
    }
  });
  return output;
}

/// The same sums in the same order, a kernel a term.
at::Tensor reduce_by_aten(const std::vector<at::Tensor>& inputs, Reduce op) {
  at::Tensor output = inputs[0].clone();
  for (std::size_t k = 1; k < inputs.size(); ++k) {
    if (op == Reduce::kMax) {
      at::maximum_out(output, output, inputs[k]);
    } else {
      output.add_(inputs[k]);
    }
  }
  if (op != Reduce::kMean) return output;
  const auto count = static_cast<std::int64_t>(inputs.size());
  return output.is_floating_point() ? output.div_(count) : output.div_(count, "trunc");
}

/// 16-bit numbers are added up in float32 and rounded once.
at::Tensor reduce_in_float(const std::vector<at::Tensor>& inputs, Reduce op, const ParallelFor& parallel) {
  std::vector<at::Tensor> wide;
  for (const at::Tensor& input : inputs) wide.push_back(input.to(at::kFloat));
  return reduce(wide, op, parallel).to(inputs[0].scalar_type());
}

}  // namespace

at::Tensor reduce(const std::vector<at::Tensor>& inputs, Reduce op, const ParallelFor& parallel) {
  if (!inputs[0].is_cpu()) return reduce_by_aten(inputs, op);
  switch (inputs[0].scalar_type()) {
    case at::kFloat: return reduce_all<float>(inputs, op, parallel);
    case at::kDouble: return reduce_all<double>(inputs, op, parallel);
    case at::kLong: return reduce_all<std::int64_t>(inputs, op, parallel);
    case at::kHalf:
    case at::kBFloat16: return reduce_in_float(inputs, op, parallel);
    default:
      throw CommunicationError(std::string("cannot reduce tensors of ") + c10::toString(inputs[0].scalar_type()) +
                               "; choices: float32, float64, int64, float16, bfloat16");
  }
}

}  // namespace sac
