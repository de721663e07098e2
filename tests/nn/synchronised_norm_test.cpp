// Batch normalisation over several workers' mini-batches against one worker that has them all.
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <barrier>
#include <thread>

#include "tests/nn/replica.h"

namespace sac::test {
namespace {

/// Sums that threads hand in together, in order of rank.
class Meeting {
 public:
  explicit Meeting(std::size_t workers) : given_(workers), barrier_(static_cast<std::ptrdiff_t>(workers)) {}

  void sum(std::size_t rank, const at::Tensor& tensor) {
    given_[rank] = tensor.clone();
    barrier_.arrive_and_wait();
    tensor.zero_();
    for (const at::Tensor& summand : given_) tensor.add_(summand);
    if (rank == 0) ++meetings_;
    barrier_.arrive_and_wait();
  }
  [[nodiscard]] int meetings() const { return meetings_; }

 private:
  std::vector<at::Tensor> given_;
  std::barrier<> barrier_;
  int meetings_ = 0;
};

struct Case {
  std::string label;
  std::string model;
  Numerics numerics;
  double tolerance = 0.0;
};

class SynchronisedNorm : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] static Replica replica(const Numerics& numerics) {
    return Replica(make_model(GetParam().model, fitting_sample(GetParam().model), numerics));
  }
};

std::vector<Replica> replicas_of(const Case& test, std::size_t count) {
  std::vector<Replica> replicas;
  for (std::size_t i = 0; i < count; ++i) {
    replicas.emplace_back(make_model(test.model, fitting_sample(test.model), test.numerics));
  }
  return replicas;
}

/// All replicas compute at once, each on its part of the batch: as many samples as `sizes` says.
int compute(std::vector<Replica>& replicas, const Batch& whole, const std::vector<std::int64_t>& sizes) {
  Meeting meeting(replicas.size());
  std::vector<std::thread> threads;
  std::int64_t begin = 0;
  for (std::size_t rank = 0; rank < replicas.size(); ++rank) {
    const Batch part{whole.inputs.narrow(0, begin, sizes[rank]), whole.targets.narrow(0, begin, sizes[rank])};
    begin += sizes[rank];
    threads.emplace_back([&, rank, part] {
      replicas[rank].network->synchronise([&, rank](const at::Tensor& sums) { meeting.sum(rank, sums); });
      replicas[rank].network->compute_gradients(part, {});
    });
  }
  for (std::thread& thread : threads) thread.join();
  return meeting.meetings();
}

TEST_P(SynchronisedNorm, EqualsOneWorkerWithAllSamples) {
  const std::vector<std::int64_t> sizes{4, 4, 4};
  std::vector<Replica> replicas = replicas_of(GetParam(), sizes.size());
  Replica whole = replica(at::kDouble);
  const SampleShape sample = fitting_sample(GetParam().model);
  for (std::uint64_t step = 0; step < 3; ++step) {
    const Batch batch = random_batch(12, sample, at::kDouble, step);
    whole.network->compute_gradients(batch, {});
    const int meetings = compute(replicas, {batch.inputs.to(GetParam().numerics.dtype), batch.targets, {}}, sizes);
    at::Tensor mean = at::zeros_like(whole.gradients);
    int normalised = 0;
    for (const LayerInfo& layer : whole.model->layout().layers) normalised += layer.buffers.size() > 0 ? 1 : 0;
    EXPECT_EQ(meetings, 2 * normalised);
    for (const Replica& one : replicas) {
      mean.add_(one.gradients, 1.0 / 3.0);
      EXPECT_TRUE(at::equal(one.buffers, replicas.front().buffers));
    }
    EXPECT_LT(relative_error(mean, whole.gradients), 100.0 * GetParam().tolerance) << "step " << step;
    EXPECT_LT(relative_error(replicas.front().buffers, whole.buffers), GetParam().tolerance) << "step " << step;
    whole.parameters.sub_(whole.gradients, 0.05);
    for (const Replica& one : replicas) one.parameters.copy_(whole.parameters);
  }
}

TEST_P(SynchronisedNorm, WeighsUnequalPartsByTheirSamples) {
  std::vector<Replica> replicas = replicas_of(GetParam(), 2);
  Replica whole = replica(at::kDouble);
  const Batch batch = random_batch(7, fitting_sample(GetParam().model), at::kDouble);
  whole.network->compute_gradients(batch, {});
  compute(replicas, {batch.inputs.to(GetParam().numerics.dtype), batch.targets, {}}, {5, 2});
  EXPECT_LT(relative_error(replicas.front().buffers, whole.buffers), GetParam().tolerance);
  EXPECT_TRUE(at::equal(replicas.back().buffers, replicas.front().buffers));
}

TEST_P(SynchronisedNorm, DiffersFromItsOwnStatistics) {
  std::vector<Replica> replicas = replicas_of(GetParam(), 2);
  Replica alone = replica(GetParam().numerics);
  const Batch batch = random_batch(8, fitting_sample(GetParam().model), GetParam().numerics.dtype);
  compute(replicas, batch, {4, 4});
  alone.network->compute_gradients({batch.inputs.narrow(0, 0, 4), batch.targets.narrow(0, 0, 4), {}}, {});
  EXPECT_GT(relative_error(replicas.front().buffers, alone.buffers), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(, SynchronisedNorm,
                         testing::Values(Case{"resnet20_float64", "resnet20", at::kDouble, 1e-11},
                                         Case{"resnet50_by_aten", "resnet50", {at::kDouble, false, true}, 1e-11},
                                         Case{"resnet18_float32", "resnet18", at::kFloat, 2e-4},
                                         Case{"resnet20_float32_by_aten", "resnet20", {at::kFloat, false, true}, 2e-4}),
                         [](const auto& test) { return test.param.label; });

}  // namespace
}  // namespace sac::test
