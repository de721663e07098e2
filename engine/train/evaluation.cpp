#include "engine/train/evaluation.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace sac {
namespace {

/// Samples a forward pass: large enough for the matrix kernels, small enough for the caches.
constexpr std::int64_t kEvalBatch = 250;

}  // namespace

EvalSums evaluate_model(const Model& model, const BatchSource& data, const at::Tensor& parameters,
                        const at::Tensor& buffers,
                        const std::function<void(std::int64_t, const std::function<void(std::int64_t)>&)>& parallel) {
  const std::int64_t size = data.eval_size();
  const std::int64_t batches = (size + kEvalBatch - 1) / kEvalBatch;
  constexpr std::int64_t kBatchesPerTask = 10;
  const std::int64_t tasks = (batches + kBatchesPerTask - 1) / kBatchesPerTask;
  std::vector<EvalSums> sums(static_cast<std::size_t>(batches));
  parallel(tasks, [&](std::int64_t task) {
    const std::unique_ptr<Network> network = model.bind(parameters, {}, buffers);
    Batch batch;
    const std::int64_t stop = std::min(batches, (task + 1) * kBatchesPerTask);
    for (std::int64_t i = task * kBatchesPerTask; i < stop; ++i) {
      data.eval_batch(i * kEvalBatch, std::min(size, (i + 1) * kEvalBatch), batch);
      sums[static_cast<std::size_t>(i)] = network->evaluate(batch);
    }
  });
  EvalSums total;
  for (const EvalSums& part : sums) {
    total.loss += part.loss;
    total.correct += part.correct;
    total.count += part.count;
  }
  return total;
}

}  // namespace sac
