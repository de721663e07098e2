#pragma once
#include "datasets/augment.h"
#include "datasets/dataset.h"
#include "datasets/sampler.h"
#include "engine/train/batch_source.h"

namespace sac {

/// What becomes of training batches, by draws keyed by `seed`.
struct TrainingChanges {
  Augmentation images{};
  LabelMix labels{};
  std::uint64_t seed = 0;
};

/// Mini-batches of a data set in memory, drawn by a Sampler: a pure function of its arguments, safe from many threads.
class DatasetBatches final : public BatchSource {
 public:
  /// @param dtype  of the inputs: float32 or float64.
  DatasetBatches(Dataset data, Sampler sampler, at::ScalarType dtype, const TrainingChanges& changes = {});

  [[nodiscard]] std::int64_t train_size() const override { return data_.train.size(); }
  [[nodiscard]] std::int64_t eval_size() const override { return data_.test.size(); }
  void train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const override;
  void eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const override;

 private:
  Dataset data_;
  Sampler sampler_;
  at::ScalarType dtype_;
  TrainingChanges changes_;
};

}  // namespace sac
