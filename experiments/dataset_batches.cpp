#include "experiments/dataset_batches.h"

#include <stdexcept>

#include "datasets/batches.h"

namespace sac {

DatasetBatches::DatasetBatches(Dataset data, Sampler sampler, at::ScalarType dtype, const TrainingChanges& changes)
    : data_(std::move(data)), sampler_(std::move(sampler)), dtype_(dtype), changes_(changes) {}

void DatasetBatches::train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const {
  if (static_cast<std::int64_t>(members) * parts != sampler_.workers()) {
    throw std::logic_error("a batch was asked for another number of workers than the sampler's");
  }
  thread_local std::vector<std::int64_t> indices;
  sampler_.indices(member, step, part, parts, indices);
  const Sampler::Place place = sampler_.place(member, step, part, parts);
  batch.place = {changes_.seed, place.stream, place.first};
  const Normalisation normalisation{data_.mean, data_.stddev};
  const auto& [images, labels, seed] = changes_;
  gather(data_.train, normalisation, indices, dtype_, batch.inputs, batch.targets, CropDraw{seed, step});
  if (images.any()) augment(images, normalisation, seed, step, indices, batch.inputs);
  if (!labels.any()) return;
  batch.shares = class_shares(batch.targets, data_.classes, labels.smoothing, dtype_);
  if (labels.mixup > 0.0) mix_up(labels.mixup, seed, member * parts + part, step, batch.inputs, batch.shares);
}

void DatasetBatches::eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const {
  gather_range(data_.test, {data_.mean, data_.stddev}, begin, end, dtype_, batch.inputs, batch.targets);
}

}  // namespace sac
