// Models cut into stages: where, how evenly, and what the stages are.
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full_like.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/nn/balanced_cuts.h"
#include "engine/nn/stage.h"
#include "tests/nn/replica.h"

namespace sac::test {
namespace {

double dearest(const std::vector<double>& costs, const std::vector<std::size_t>& begins) {
  double most = 0.0;
  for (std::size_t run = 0; run < begins.size(); ++run) {
    const std::size_t end = run + 1 < begins.size() ? begins[run + 1] : costs.size();
    double sum = 0.0;
    for (std::size_t i = begins[run]; i < end; ++i) sum += costs[i];
    most = std::max(most, sum);
  }
  return most;
}

/// The least dearest run over all cuts.
double least_dearest(const std::vector<double>& costs, std::size_t parts, std::vector<std::size_t> begins = {0}) {
  if (begins.size() == parts) return dearest(costs, begins);
  double least = 1e300;
  for (std::size_t next = begins.back() + 1; next < costs.size(); ++next) {
    begins.push_back(next);
    if (costs.size() - next >= parts - begins.size() + 1) least = std::min(least, least_dearest(costs, parts, begins));
    begins.pop_back();
  }
  return least;
}

TEST(BalancedCuts, AreTheBestThereAre) {
  RandomStream stream(5, 0, Purpose::kSynthetic);
  for (std::size_t pieces = 1; pieces <= 9; ++pieces) {
    std::vector<double> costs;
    for (std::size_t i = 0; i < pieces; ++i) costs.push_back(stream.exponential());
    for (std::size_t parts = 1; parts <= pieces; ++parts) {
      const auto begins = balanced_cuts(costs, parts);
      ASSERT_EQ(begins.size(), parts);
      EXPECT_EQ(begins.front(), 0U);
      EXPECT_TRUE(std::is_sorted(begins.begin(), begins.end()));
      EXPECT_EQ(std::adjacent_find(begins.begin(), begins.end()), begins.end());
      EXPECT_NEAR(dearest(costs, begins), least_dearest(costs, parts), 1e-12) << pieces << " in " << parts;
    }
  }
}

TEST(BalancedCuts, AmongEqualsTheEvenest) {
  EXPECT_EQ(balanced_cuts({8, 1, 1, 1, 1, 1, 1}, 3), (std::vector<std::size_t>{0, 1, 4}));
  EXPECT_EQ(balanced_cuts({1, 1, 1, 1}, 4), (std::vector<std::size_t>{0, 1, 2, 3}));
}

class EveryModelsStages : public testing::TestWithParam<std::string> {};

TEST_P(EveryModelsStages, FollowOneAnotherInTheWholeLayout) {
  const auto model = make_model(GetParam(), fitting_sample(GetParam()), at::kDouble);
  const Layout& whole = model->layout();
  for (const std::int64_t count : {1, 2, 3}) {
    if (GetParam() == "linear" && count > 1) continue;
    if (GetParam() == "mlp" && count > 2) continue;
    const auto stages = model->stages(count);
    ASSERT_EQ(stages.size(), static_cast<std::size_t>(count));
    std::int64_t parameter = 0;
    std::int64_t buffer = 0;
    std::size_t tensor = 0;
    double flops = 0.0;
    for (std::size_t i = 0; i < stages.size(); ++i) {
      const Stage& stage = *stages[i];
      EXPECT_EQ(stage.parameters().begin, parameter);
      EXPECT_EQ(stage.buffers().begin, buffer);
      EXPECT_EQ(stage.layout().parameter_count(), stage.parameters().size());
      EXPECT_EQ(stage.layout().buffer_count(), stage.buffers().size());
      for (const TensorInfo& info : stage.layout().parameters) {
        EXPECT_EQ(info.name, whole.parameters.at(tensor).name);
        EXPECT_EQ(info.range.begin + parameter, whole.parameters.at(tensor++).range.begin);
      }
      EXPECT_EQ(stage.incoming(), i == 0 ? 0 : stages[i - 1]->outgoing());
      parameter = stage.parameters().end;
      buffer = stage.buffers().end;
      flops += stage.layout().forward_flops() + stage.layout().backward_flops();
    }
    EXPECT_EQ(parameter, whole.parameter_count());
    EXPECT_EQ(buffer, whole.buffer_count());
    EXPECT_EQ(stages.back()->outgoing(), 0);
    EXPECT_NEAR(flops / (whole.forward_flops() + whole.backward_flops()), 1.0, 1e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModelsStages, testing::ValuesIn(Registry<ModelEntry>::instance().names()),
                         [](const auto& given) { return given.param; });

/// One mini-batch through stages on one thread, all ways forward first.
void take_through(const std::shared_ptr<const Model>& model, std::int64_t count, std::int64_t micro_batches,
                  const Batch& batch, const Replica& whole, const at::Tensor& gradients) {
  const auto stages = model->stages(count);
  std::vector<std::unique_ptr<StageNetwork>> networks;
  for (const auto& stage : stages) {
    const auto part = [](const at::Tensor& flat, const Range& range) {
      return flat.narrow(0, range.begin, range.size());
    };
    networks.push_back(stage->bind(part(whole.parameters, stage->parameters()), part(gradients, stage->parameters()),
                                   part(whole.buffers, stage->buffers()), static_cast<int>(micro_batches)));
  }
  const std::int64_t samples = batch.inputs.size(0) / micro_batches;
  const auto options = whole.parameters.options().dtype(stages.front()->message_dtype());
  for (std::int64_t i = 0; i < micro_batches; ++i) {
    const Batch micro{batch.inputs.narrow(0, i * samples, samples), batch.targets.narrow(0, i * samples, samples)};
    at::Tensor activation;
    for (const auto& network : networks) {
      const at::Tensor output =
          network->forward(static_cast<int>(i), micro, samples, 1.0 / static_cast<double>(micro_batches), activation)
              .activation;
      activation = output.defined() ? output.clone() : output;
    }
  }
  for (std::int64_t i = 0; i < micro_batches; ++i) {
    at::Tensor gradient;
    for (std::size_t stage = stages.size(); stage-- > 0;) {
      const at::Tensor incoming = stage > 0 ? at::empty({samples * stages[stage]->incoming()}, options) : at::Tensor();
      networks[stage]->backward(static_cast<int>(i), gradient, i > 0, {}, incoming);
      gradient = incoming;
    }
  }
}

TEST(Stages, GiveTheModelsGradientsByLoopsAndByAten) {
  struct Case {
    const char* model;
    ValueMap options;
  };
  for (const Case& given : {Case{"lenet", {}}, Case{"resnet18", {{"norm", std::string("group")}}}, Case{"bert", {}},
                            Case{"transformer_lm", {}}}) {
    for (const bool aten : {false, true}) {
      const SampleShape sample = fitting_sample(given.model);
      const auto model = make_model(given.model, sample, {at::kDouble, false, aten}, given.options);
      Replica whole(model);
      const Batch batch = random_batch(4, sample, at::kDouble);
      const at::Tensor split = at::full_like(whole.gradients, std::numeric_limits<double>::quiet_NaN());
      take_through(model, 3, 2, batch, whole, split);
      whole.network->compute_gradients(batch, {});
      EXPECT_LT(relative_error(split, whole.gradients), 1e-11) << given.model << (aten ? " by aten" : "");
    }
  }
}

TEST(Stages, AreRefusedWhereTheModelHasTooFewPlaces) {
  const auto refuses = [](const char* name, std::int64_t count, const char* says) {
    const auto model = make_model(name, fitting_sample(name), at::kDouble);
    EXPECT_THAT([&] { static_cast<void>(model->stages(count)); },
                testing::ThrowsMessage<ConfigError>(testing::HasSubstr(says)))
        << name;
  };
  refuses("linear", 2, "it can be cut in 0 places, so into at most 1 stages");
  refuses("resnet20", 13, "it can be cut in 11 places, so into at most 12 stages");
  refuses("lenet", 6, "it can be cut in 4 places");
}

}  // namespace
}  // namespace sac::test
