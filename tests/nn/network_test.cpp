// The contract of a bound network: callbacks, evaluation, batch sizes, independence, refusals.
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "engine/core/error.h"
#include "engine/parallel/parallel.h"
#include "tests/nn/replica.h"

namespace sac::test {
namespace {

using testing::ThrowsMessage;

constexpr SampleShape kGray{1, 28, 28};
constexpr SampleShape kSmall{3, 8, 8};

class EveryModel : public testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] static SampleShape sample() { return fitting_sample(GetParam()); }
  [[nodiscard]] static Replica replica(at::ScalarType dtype = at::kFloat) {
    return Replica(make_model(GetParam(), sample(), dtype));
  }
  [[nodiscard]] static Batch batch(std::int64_t size, std::uint64_t seed = 7) {
    return random_batch(size, sample(), at::kFloat, seed);
  }
};

TEST_P(EveryModel, CallsBackLastToFirstWithFinalGradients) {
  Replica replica = this->replica();
  const Layout& layout = replica.model->layout();
  int expected = static_cast<int>(layout.layers.size());
  std::vector<at::Tensor> seen;
  replica.network->compute_gradients(batch(6), [&](int layer) {
    EXPECT_EQ(layer, --expected);
    const std::int64_t begin = layout.layers.at(static_cast<std::size_t>(layer)).parameters.begin;
    seen.push_back(replica.gradients.slice(0, begin).clone());
    EXPECT_FALSE(seen.back().isnan().any().item<bool>());
  });
  EXPECT_EQ(expected, 0);
  for (const at::Tensor& early : seen) {
    EXPECT_TRUE(at::equal(early, replica.gradients.slice(0, replica.gradients.size(0) - early.size(0))));
  }
}

TEST_P(EveryModel, GivesTheSameBitsAgainAndOnOtherThreads) {
  Replica replica = this->replica();
  const Batch batch = this->batch(5);
  const double loss = replica.network->compute_gradients(batch, {}).value();
  const at::Tensor gradients = replica.gradients.clone();
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, other = Replica(replica.model)]() {
      for (int step = 0; step < 3; ++step) {
        EXPECT_EQ(other.network->compute_gradients(batch, {}).value(), loss);
        EXPECT_TRUE(at::equal(other.gradients, gradients));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// What a worker computes where there are more cores than workers.
TEST_P(EveryModel, ThreadsChangeNoBit) {
  std::vector<at::Tensor> gradients;
  for (const int threads : {1, 2, 4}) {
    set_operation_threads(threads);
    Replica replica = this->replica();
    replica.network->compute_gradients(batch(40), {});
    gradients.push_back(replica.gradients);
  }
  set_operation_threads(1);
  const Replica replica = this->replica();
  for (const TensorInfo& info : replica.model->layout().parameters) {
    const auto of = [&](std::size_t i) { return gradients[i].narrow(0, info.range.begin, info.range.size()); };
    EXPECT_TRUE(at::equal(of(1), of(0))) << info.name << " by 2 threads";
    EXPECT_TRUE(at::equal(of(2), of(0))) << info.name << " by 4 threads";
  }
}

TEST_P(EveryModel, ForgetsTheBatchBefore) {
  Replica fresh = replica();
  Replica used = replica();
  for (const std::int64_t size : {1, 13, 4}) {
    used.network->compute_gradients(batch(size, 11), {});
    used.network->evaluate(batch(size + 1, 12));
  }
  used.model->initialise(used.parameters, used.buffers, 1);
  EXPECT_EQ(used.network->compute_gradients(batch(6), {}).value(),
            fresh.network->compute_gradients(batch(6), {}).value());
  EXPECT_TRUE(at::equal(used.gradients, fresh.gradients));
  EXPECT_TRUE(at::equal(used.buffers, fresh.buffers));
}

TEST_P(EveryModel, EvaluateChangesNothing) {
  Replica replica = this->replica();
  replica.network->compute_gradients(batch(8), {});
  const std::vector<at::Tensor> before{replica.parameters.clone(), replica.gradients.clone(), replica.buffers.clone()};
  replica.network->evaluate(batch(8));
  EXPECT_TRUE(at::equal(replica.parameters, before[0]));
  EXPECT_TRUE(at::equal(replica.gradients, before[1]));
  EXPECT_TRUE(at::equal(replica.buffers, before[2]));
}

TEST_P(EveryModel, EvaluatesInPiecesAsInOne) {
  Replica replica = this->replica();
  const Batch whole = batch(150);
  const EvalSums sums = replica.network->evaluate(whole);
  EvalSums pieces;
  for (const auto& [begin, size] : {std::pair{0, 1}, {1, 90}, {91, 59}}) {
    const EvalSums part =
        replica.network->evaluate({whole.inputs.narrow(0, begin, size), whole.targets.narrow(0, begin, size)});
    pieces.loss += part.loss;
    pieces.correct += part.correct;
    pieces.count += part.count;
  }
  EXPECT_EQ(sums.count, whole.targets.numel());
  EXPECT_EQ(pieces.count, whole.targets.numel());
  EXPECT_EQ(pieces.correct, sums.correct);
  EXPECT_NEAR(pieces.loss, sums.loss, 1e-4 * sums.loss);
}

TEST_P(EveryModel, LeavesTheBatchAlone) {
  Replica replica = this->replica();
  const Batch batch = this->batch(4);
  const at::Tensor inputs = batch.inputs.clone();
  replica.network->compute_gradients(batch, {});
  replica.network->evaluate(batch);
  EXPECT_TRUE(at::equal(batch.inputs, inputs));
}

TEST_P(EveryModel, ReportsADivergedModel) {
  Replica replica = this->replica();
  replica.parameters.fill_(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(std::isnan(replica.network->compute_gradients(batch(3), {}).value()));
  EXPECT_TRUE(std::isnan(replica.network->evaluate(batch(3)).loss));
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModel,
                         testing::Values("bert", "linear", "mlp", "lenet", "cnn", "resnet18", "resnet20", "resnet9",
                                         "transformer_lm", "wide_resnet"),
                         [](const auto& instance) { return instance.param; });

TEST(Network, EvaluationUsesTheRunningStatistics) {
  Replica replica(make_model("resnet20", kSmall, at::kFloat));
  const Batch batch = random_batch(8, kSmall, at::kFloat);
  const double before = replica.network->evaluate(batch).loss;
  replica.network->compute_gradients(batch, {});
  EXPECT_NE(replica.network->evaluate(batch).loss, before);
}

TEST(Network, OutlivesTheCallersHandleOfItsModel) {
  auto model = make_model("mlp", kGray, at::kFloat);
  const at::Tensor parameters = at::zeros({101770});
  const auto network = model->bind(parameters, {}, {});
  model.reset();
  EXPECT_NEAR(network->evaluate(random_batch(4, kGray, at::kFloat)).loss, 4.0 * std::log(10.0), 1e-5);
}

TEST(Network, TakesRowsOfFeatures) {
  Replica replica(make_model("mlp", {6, 1, 1}, at::kFloat));
  const Batch batch = random_batch(4, {6, 1, 1}, at::kFloat);
  const double loss = replica.network->compute_gradients(batch, {}).value();
  EXPECT_EQ(replica.network->compute_gradients({batch.inputs.flatten(1), batch.targets}, {}).value(), loss);
}

TEST(Network, BuildsNoAutogradGraph) {
  Replica replica(make_model("cnn", kGray, at::kFloat));
  replica.network->compute_gradients(random_batch(2, kGray, at::kFloat), {});
  EXPECT_FALSE(replica.gradients.requires_grad());
  EXPECT_FALSE(replica.parameters.grad().defined());
}

TEST(Network, RefusesABatchThatDoesNotFit) {
  Replica replica(make_model("cnn", kGray, at::kFloat));
  const Batch wide = random_batch(2, {1, 28, 29}, at::kFloat);
  EXPECT_THAT([&] { replica.network->compute_gradients(wide, {}); },
              ThrowsMessage<DataError>("a batch of Float [2, 1, 28, 29] with Long targets [2] does not fit model "
                                       "'cnn'; it takes Float [B, 1, 28, 28] with Long targets [B], B >= 1"));
  const Batch fitting = random_batch(2, kGray, at::kFloat);
  EXPECT_THROW(replica.network->evaluate({fitting.inputs.to(at::kDouble), fitting.targets}), DataError);
  EXPECT_THROW(replica.network->evaluate({fitting.inputs, fitting.targets.narrow(0, 0, 1)}), DataError);
  EXPECT_THROW(replica.network->evaluate({fitting.inputs.narrow(0, 0, 0), fitting.targets.narrow(0, 0, 0)}), DataError);
}

TEST(Network, RefusesTokensThatDoNotFit) {
  Replica replica(make_model("transformer_lm", {1, 1, 6, 10}, at::kFloat));
  const Batch fitting = random_batch(2, {1, 1, 6, 10}, at::kFloat);
  EXPECT_THAT(
      [&] {
        replica.network->evaluate({fitting.inputs, fitting.targets.select(1, 0).contiguous()});
      },
      ThrowsMessage<DataError>("a batch of Long [2, 6] with Long targets [2] does not fit model "
                               "'transformer_lm'; it takes Long [B, 6] with Long targets [B, T], B >= 1"));
  EXPECT_THROW(replica.network->evaluate({fitting.inputs.to(at::kFloat), fitting.targets}), DataError);
}

TEST(Network, RefusesFlatTensorsOfAnotherSize) {
  const auto model = make_model("linear", kGray, at::kFloat);
  EXPECT_THROW(model->bind(at::zeros({7849}), {}, {}), std::logic_error);
  EXPECT_THROW(model->bind(at::zeros({7850}, at::kDouble), {}, {}), std::logic_error);
  const auto evaluator = model->bind(at::zeros({7850}), {}, {});
  EXPECT_THROW(evaluator->compute_gradients(random_batch(1, kGray, at::kFloat), {}), std::logic_error);
}

}  // namespace
}  // namespace sac::test
