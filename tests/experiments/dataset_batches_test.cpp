#include "experiments/dataset_batches.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/remainder.h>

#include "tests/experiments/fixture.h"

namespace sac {
namespace {

constexpr std::int64_t kSamples = 24;

/// Sample i has the one feature i and the label i mod 3.
Examples numbered() {
  const at::Tensor numbers = at::arange(kSamples, at::kLong);
  return {.inputs = numbers.to(at::kFloat).view({kSamples, 1}), .targets = at::remainder(numbers, 3)};
}

DatasetBatches batches(std::int64_t workers, std::int64_t batch_size) {
  const Examples examples = numbered();
  const std::span<const std::int64_t> targets(examples.targets.const_data_ptr<std::int64_t>(), kSamples);
  Sampler sampler({}, targets, workers, batch_size, 1);
  Dataset data{.name = "numbered", .train = examples, .test = examples, .classes = 3, .hash = "numbered"};
  return {std::move(data), std::move(sampler), at::kDouble};
}

TEST(DatasetBatchesTest, WorkersTogetherSeeWhatOneWorkerWithTheWholeBatchSees) {
  const DatasetBatches many = batches(3, 4);
  const DatasetBatches one = batches(1, 12);
  Batch whole;
  one.train_batch(0, 1, 5, 0, 1, whole);
  std::vector<at::Tensor> inputs;
  for (int rank = 0; rank < 3; ++rank) {
    Batch part;
    many.train_batch(rank, 3, 5, 0, 1, part);
    EXPECT_EQ(part.inputs.scalar_type(), at::kDouble);
    EXPECT_EQ(part.inputs.size(0), 4);
    inputs.push_back(part.inputs);
  }
  EXPECT_TRUE(at::equal(at::cat(inputs), whole.inputs));
}

TEST(DatasetBatchesTest, PartsMakeUpTheirBatch) {
  const DatasetBatches source = batches(4, 6);
  Batch first;
  Batch second;
  source.train_batch(1, 2, 0, 0, 2, first);
  source.train_batch(1, 2, 0, 1, 2, second);
  Batch whole;
  batches(2, 6).train_batch(1, 2, 0, 0, 1, whole);
  EXPECT_TRUE(at::equal(at::cat({first.inputs, second.inputs}), whole.inputs));
  EXPECT_TRUE(at::equal(at::cat({first.targets, second.targets}), whole.targets));
}

TEST(DatasetBatchesTest, EvaluationBatchesAreRanges) {
  Batch batch;
  batches(1, 1).eval_batch(3, 7, batch);
  EXPECT_EQ(batch.inputs.size(0), 4);
  EXPECT_EQ(batch.inputs[0].item<double>(), 3.0);
  EXPECT_EQ(batch.targets[3].item<std::int64_t>(), 0);
}

TEST(DatasetBatchesTest, AnotherNumberOfMembersIsAMistake) {
  Batch batch;
  EXPECT_THROW(batches(4, 2).train_batch(0, 3, 0, 0, 1, batch), std::logic_error);
}

}  // namespace
}  // namespace sac
