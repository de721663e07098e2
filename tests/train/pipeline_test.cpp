// What a pipeline computes: the unsplit model's course, whatever the stages, micro-batches, schedule and strategy.
#include "engine/train/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "engine/core/error.h"
#include "tests/support/model_run.h"

namespace sac::test {
namespace {

constexpr double kRounding = 1e-12;

ValueMap group_norm() { return {{"norm", std::string("group")}}; }

struct Subject {
  std::string model;
  ValueMap options{};
  std::int64_t least_stages = 1;
  std::vector<std::int64_t> micro_batches{1, 2, 4, 6};  ///< of 6 samples: 4 gives parts of 1 and 2
  std::int64_t steps = 3;
};

void expect_near(const ModelEnd& whole, const ModelEnd& split, const std::string& label) {
  ASSERT_TRUE(split.parameters.defined()) << label;
  EXPECT_LT(distance(whole.parameters, split.parameters), kRounding) << label;
  if (whole.buffers.numel() > 0) {
    EXPECT_LT(distance(whole.buffers, split.buffers), kRounding) << label;
  }
  EXPECT_NEAR(*whole.outcome.train_loss, *split.outcome.train_loss, kRounding) << label;
  EXPECT_NEAR(*whole.outcome.loss, *split.outcome.loss, kRounding) << label;
}

class EveryCut : public testing::TestWithParam<Subject> {};

TEST_P(EveryCut, EqualsTheUnsplitModel) {
  ModelRun run{.model = GetParam().model, .model_options = GetParam().options, .steps = GetParam().steps};
  const ModelEnd whole = end_of(run);
  for (std::int64_t stages = GetParam().least_stages; stages <= 4; ++stages) {
    for (const std::int64_t micro_batches : GetParam().micro_batches) {
      for (const bool gpipe : {false, true}) {
        run.pipeline = {.stages = stages, .micro_batches = micro_batches, .gpipe = gpipe};
        expect_near(whole, end_of(run),
                    run.model + " P=" + std::to_string(stages) + " m=" + std::to_string(micro_batches) +
                        (gpipe ? " gpipe" : " 1f1b"));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, EveryCut,
    testing::Values(
        Subject{.model = "mlp", .options = {{"hidden", Ints{20, 15, 12}}}}, Subject{.model = "lenet"},
        Subject{.model = "resnet20", .micro_batches = {1}},
        Subject{.model = "resnet18", .options = group_norm(), .least_stages = 4, .micro_batches = {4}, .steps = 1},
        Subject{.model = "transformer_lm", .options = {{"width", std::int64_t{16}}}},
        Subject{.model = "bert", .options = {{"width", std::int64_t{16}}}}),
    [](const auto& given) { return given.param.model; });

struct Strategic {
  const char* strategy;
  ValueMap options;
};

class UnderStrategies : public testing::TestWithParam<Strategic> {};

TEST_P(UnderStrategies, ReplicasOfStagesGoTheWayOfWholeOnes) {
  for (const std::int64_t replicas : {1, 2}) {
    ModelRun run{.model_options = {{"hidden", Ints{20, 15, 12}}},
                 .strategy = GetParam().strategy,
                 .options = GetParam().options,
                 .replicas = replicas,
                 .steps = 7};
    const ModelEnd whole = end_of(run);
    for (const std::int64_t stages : {2, 3}) {
      run.pipeline = {.stages = stages, .micro_batches = 3};
      expect_near(whole, end_of(run), "K=" + std::to_string(replicas) + " P=" + std::to_string(stages));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Strategies, UnderStrategies,
    testing::Values(Strategic{"sync_sgd", {{"overlap", true}, {"bucket_mib", 1e-3}}},
                    Strategic{"local_sgd", {{"period", std::int64_t{3}}, {"buffers", std::string("average")}}},
                    Strategic{"staged", {{"period", std::int64_t{3}}}},
                    Strategic{"staged", {{"period", std::int64_t{2}}, {"split", std::string("interleaved")}}},
                    Strategic{"slowmo", {}}, Strategic{"d_psgd", {}}),
    [](const auto& given) { return given.param.strategy + std::to_string(given.index); });

TEST(Pipeline, EveryStrategyWithoutAServerRunsAcrossReplicas) {
  for (const std::string& name : Registry<StrategyEntry>::instance().names()) {
    ModelRun run{
        .model_options = {{"hidden", Ints{12}}}, .strategy = name, .replicas = 4, .steps = 12, .momentum = 0.0};
    run.pipeline = {.stages = 2, .micro_batches = 3};
    const Job job = run.job();
    if (job.strategy()->traits().server) continue;
    const RunOutcome outcome = run.run();
    EXPECT_EQ(outcome.steps, 12) << name;
    EXPECT_TRUE(std::isfinite(outcome.loss.value())) << name;
    EXPECT_EQ(outcome.seconds, run.run().seconds) << name;
  }
}

TEST(Pipeline, EveryScheduleGivesTheSameBits) {
  ModelRun run{.model_options = {{"hidden", Ints{20, 15}}}};
  run.pipeline = {.stages = 3, .micro_batches = 4};
  const RunOutcome in_turn = run.run();
  run.slots = 1;
  EXPECT_EQ(run.run().params_sha256, in_turn.params_sha256);
  run.pipeline.gpipe = true;
  EXPECT_EQ(run.run().params_sha256, in_turn.params_sha256);
}

TEST(Pipeline, ClipsByTheNormOfTheWholeGradient) {
  for (const std::int64_t replicas : {1, 2}) {
    ModelRun run{.model_options = {{"hidden", Ints{20, 15}}}, .replicas = replicas, .steps = 6, .clip_norm = 0.1};
    const ModelEnd whole = end_of(run);
    run.pipeline = {.stages = 3, .micro_batches = 2};
    expect_near(whole, end_of(run), "clipped");
    run.clip_norm = 0.0;
    EXPECT_GT(distance(whole.parameters, end_of(run).parameters), 1e-6) << "it did clip";
  }
}

TEST(Pipeline, SharedMiniBatchesGoThroughIt) {
  ModelRun run{.model_options = {{"hidden", Ints{20, 15}}},
               .strategy = "staged",
               .options = {{"dual_sampling", std::int64_t{2}}},
               .replicas = 2,
               .steps = 5};
  const ModelEnd whole = end_of(run);
  run.pipeline = {.stages = 2, .micro_batches = 3};
  expect_near(whole, end_of(run), "dual sampling");
  run.pipeline.micro_batches = 4;
  EXPECT_THROW(run.run(), ConfigError);  // of three samples
}

TEST(Pipeline, CountsSamplesAndLossesOnceAReplica) {
  ModelRun run{.replicas = 2, .steps = 4};
  MemorySink plain, split;
  run.run(plain);
  run.pipeline = {.stages = 2, .micro_batches = 2};
  run.run(split);
  const auto last_samples = [](const MemorySink& sink) { return sink.points.back().samples; };
  EXPECT_EQ(last_samples(split), 2 * 6 * 4);
  EXPECT_EQ(last_samples(split), last_samples(plain));
  const auto expected = plain.series("train_loss");
  const auto got = split.series("train_loss");
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], kRounding);
  EXPECT_EQ(split.series("bubble").size(), 4U);
}

TEST(Pipeline, AStoppedAndResumedRunIsTheUninterruptedOne) {
  ModelRun whole{.model_options = {{"hidden", Ints{20, 15}}}, .replicas = 2, .steps = 20};
  whole.pipeline = {.stages = 3, .micro_batches = 4};
  whole.compute = {.model = "pareto", .seconds_per_step = 0.001};
  const RunOutcome expected = whole.run();
  struct StopAt final : MetricSink {
    explicit StopAt(std::int64_t at) : step(at) {}
    void begin(const RunContext&) override {}
    void record(std::span<const MetricPoint>) override {}
    void progress(const Progress& progress) override { flag = flag || progress.step >= step; }
    void finish(const RunOutcome&) override {}
    std::int64_t step;
    std::atomic<bool> flag{false};
  };
  for (const std::int64_t at : {1, 8, 17}) {
    ModelRun part = whole;
    part.checkpoint =
        (std::filesystem::temp_directory_path() / ("sac-pipeline-" + std::to_string(::getpid()))).string();
    StopAt sink(at);
    part.stop = &sink.flag;
    ASSERT_TRUE(part.run(sink).resumable) << at;
    part.stop = nullptr;
    part.resume = true;
    part.slots = 1;
    const RunOutcome resumed = part.run();
    EXPECT_EQ(resumed.params_sha256, expected.params_sha256) << at;
    EXPECT_EQ(resumed.seconds, expected.seconds) << at;
    EXPECT_EQ(resumed.bubble, expected.bubble) << at;
    std::filesystem::remove_all(part.checkpoint);
  }
}

TEST(Pipeline, RefusesWhatCannotBe) {
  ModelRun run{.model_options = {{"hidden", Ints{20}}}};
  run.pipeline = {.stages = 3};
  EXPECT_THAT(
      [&] { run.run(); },
      testing::ThrowsMessage<ConfigError>(testing::HasSubstr(
          "cluster.pipeline = 3 is too many stages for model 'mlp': it can be cut in 1 place, so into at most 2")));
  run.pipeline = {.stages = 2, .micro_batches = 7};
  EXPECT_THAT([&] { run.run(); }, testing::ThrowsMessage<ConfigError>(testing::HasSubstr(
                                      "cluster.micro_batches = 7 is more than train.batch_size = 6")));
}

}  // namespace
}  // namespace sac::test
