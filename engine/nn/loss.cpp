#include "engine/nn/loss.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/nn/dtype.h"

namespace sac {
namespace {

std::int64_t checked_target(const std::int64_t* targets, std::int64_t sample, std::int64_t classes) {
  const std::int64_t target = targets[sample];
  if (target < 0 || target >= classes) {
    throw DataError("target " + std::to_string(target) + " of sample " + std::to_string(sample) +
                    " is no class; it must be in [0, " + std::to_string(classes) + ")");
  }
  return target;
}

/// One sample: its loss and its softmax before normalisation, exponentials[c] = exp(logits[c] - maximum), with their
/// sum.
template <class T>
struct Sample {
  Sample(const T* logits, std::int64_t classes, std::int64_t target, T* exponentials) {
    const T maximum = *std::max_element(logits, logits + classes);
    for (std::int64_t c = 0; c < classes; ++c) {
      exponentials[c] = std::exp(logits[c] - maximum);
      sum += exponentials[c];
    }
    loss = static_cast<double>(std::log(sum) + (maximum - logits[target]));
  }
  double loss = 0.0;
  T sum = 0;
};

template <class T>
double loss_and_gradient(const T* logits, const std::int64_t* targets, std::int64_t batch, std::int64_t classes,
                         T* gradient) {
  double loss = 0.0;
  for (std::int64_t b = 0; b < batch; ++b, logits += classes, gradient += classes) {
    const std::int64_t target = checked_target(targets, b, classes);
    const Sample<T> sample(logits, classes, target, gradient);
    loss += sample.loss;
    const T scale = T(1) / (sample.sum * static_cast<T>(batch));
    for (std::int64_t c = 0; c < classes; ++c) gradient[c] *= scale;
    gradient[target] -= T(1) / static_cast<T>(batch);
  }
  return loss / static_cast<double>(batch);
}

template <class T>
EvalSums evaluation_sums(const T* logits, const std::int64_t* targets, std::int64_t batch, std::int64_t classes) {
  EvalSums sums{.count = batch};
  std::vector<T> exponentials(static_cast<std::size_t>(classes));
  for (std::int64_t b = 0; b < batch; ++b, logits += classes) {
    const std::int64_t target = checked_target(targets, b, classes);
    sums.loss += Sample<T>(logits, classes, target, exponentials.data()).loss;
    if (std::max_element(logits, logits + classes) - logits == target) ++sums.correct;
  }
  return sums;
}

}  // namespace

double cross_entropy(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& gradient) {
  return with_dtype(logits.scalar_type(), [&]<class T>(T) {
    return loss_and_gradient(logits.const_data_ptr<T>(), targets.const_data_ptr<std::int64_t>(), logits.size(0),
                             logits.size(1), gradient.mutable_data_ptr<T>());
  });
}

EvalSums cross_entropy_sums(const at::Tensor& logits, const at::Tensor& targets) {
  return with_dtype(logits.scalar_type(), [&]<class T>(T) {
    return evaluation_sums(logits.const_data_ptr<T>(), targets.const_data_ptr<std::int64_t>(), logits.size(0),
                           logits.size(1));
  });
}

}  // namespace sac
