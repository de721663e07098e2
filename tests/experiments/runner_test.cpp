#include "experiments/runner.h"

#include <filesystem>

#include "engine/core/sha256.h"
#include "experiments/run_key.h"
#include "tests/experiments/fixture.h"

namespace sac {
namespace {

using ::testing::HasSubstr;

/// Remembers what it is told.
class RecordingSink final : public MetricSink {
 public:
  void begin(const RunContext& given) override { context = given; }
  void record(std::span<const MetricPoint> given) override {
    EXPECT_FALSE(context.key.empty()) << "data before context";
    points.insert(points.end(), given.begin(), given.end());
  }
  void progress(const Progress& /*progress*/) override {}
  void finish(const RunOutcome& given) override { outcomes.push_back(given); }

  RunContext context;
  std::vector<MetricPoint> points;
  std::vector<RunOutcome> outcomes;
};

RunOutcome run(const std::string& text, int slots = 1) {
  RecordingSink sink;
  return execute(prepare_run(spec_of(text), {.slots = slots}), sink, [] { return std::string(); });
}

TEST(Runner, TellsTheSinkContextDataAndOneEnd) {
  const RunSpec spec = spec_of(std::string("name = 'tiny'\n") + kTiny);
  RecordingSink sink;
  const RunOutcome outcome = execute(prepare_run(spec, {.slots = 2}), sink, [] { return std::string(); });
  EXPECT_EQ(outcome.status, RunStatus::kFinished);
  ASSERT_EQ(sink.outcomes.size(), 1u);
  EXPECT_EQ(sink.context.name, "tiny");
  EXPECT_EQ(sink.context.strategy, "sync_sgd");
  EXPECT_EQ(sink.context.dataset, "blobs");
  EXPECT_EQ(sink.context.steps, 6);
  EXPECT_EQ(sink.context.workers, 4);
  EXPECT_EQ(sink.context.parameters, 330);
  EXPECT_EQ(outcome.steps, 6);
  EXPECT_EQ(outcome.params_sha256.size(), 64u);
  EXPECT_FALSE(sink.points.empty());
}

TEST(Runner, TheStoredSpecGivesTheSameKey) {
  const PreparedRun first = prepare_run(spec_of(std::string(kTiny) + "[optimizer]\nschedule = 'cosine'\n"), {});
  const PreparedRun again = prepare_run(spec_of(first.context.spec_toml), {});
  EXPECT_EQ(again.context.key, first.context.key);
  EXPECT_EQ(again.context.spec_toml, first.context.spec_toml);
}

TEST(Runner, EpochsBecomeSteps) {
  const std::string blobs = "[data]\nname = 'blobs'\nsamples = 100\n[model]\nname = 'linear'\n";
  const PreparedRun prepared = prepare_run(spec_of(blobs + "[train]\nepochs = 2\nbatch_size = 8\n"), {});
  EXPECT_EQ(prepared.context.steps, 7);  // 200 samples, 32 a step
  EXPECT_THAT(prepared.context.spec_toml, HasSubstr("steps = 7\n"));
  EXPECT_EQ(prepared.context.key, prepare_run(spec_of(blobs + "[train]\nsteps = 7\nbatch_size = 8\n"), {}).context.key);
}

TEST(Runner, SlotsChangeNothingButTheSeedDoes) {
  const RunOutcome one = run(kTiny, 1);
  const RunOutcome two = run(kTiny, 2);
  const RunOutcome other = run(std::string(kTiny) + "seed = 1\n");
  EXPECT_EQ(one.params_sha256, two.params_sha256);
  EXPECT_EQ(one.seconds, two.seconds);
  EXPECT_NE(one.params_sha256, other.params_sha256);
}

TEST(Runner, DataAndModelThatDoNotFitAreRefusedBeforeTheSinkHears) {
  EXPECT_THAT(error_of([] { prepare_run(spec_of("[data]\nname = 'blobs'\n[model]\nname = 'lenet'\n"), {}); }),
              HasSubstr("lenet"));
  EXPECT_THAT(error_of([] { prepare_run(spec_of("[data]\nname = 'mnist'\n"), {.data_dir = "/no/such/folder"}); }),
              HasSubstr("/no/such/folder"));
}

TEST(Runner, AFailureIsToldToTheSinkAndThrownOn) {
  RecordingSink sink;
  PreparedRun prepared = prepare_run(spec_of(kTiny), {});
  prepared.job.strategy = []() -> std::unique_ptr<Strategy> { throw RunError("no strategy today"); };
  EXPECT_THROW(execute(std::move(prepared), sink, [] { return std::string(); }), RunError);
  ASSERT_EQ(sink.outcomes.size(), 1u);
  EXPECT_EQ(sink.outcomes[0].status, RunStatus::kFailed);
  EXPECT_EQ(sink.outcomes[0].error, "no strategy today");
}

TEST(Runner, AStoppedRunResumesToTheSameEnd) {
  const RunOutcome whole = run(kTiny);
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "runner_test";
  const auto checkpoint = [&] { return path.string(); };
  const std::atomic<bool> stop{true};
  RecordingSink sink;
  const RunOutcome stopped = execute(prepare_run(spec_of(kTiny), {.stop = &stop}), sink, checkpoint);
  EXPECT_EQ(stopped.status, RunStatus::kKilled);
  EXPECT_TRUE(stopped.resumable);
  EXPECT_EQ(stopped.checkpoint, path.string());
  PreparedRun rest = prepare_run(spec_of(kTiny), {});
  rest.job.resume = std::make_shared<const Checkpoint>(
      Checkpoints(path).newest(rest.job.key, [](const std::string& text) { FAIL() << text; }).value());
  const RunOutcome resumed = execute(std::move(rest), sink, checkpoint);
  EXPECT_EQ(resumed.params_sha256, whole.params_sha256);
  EXPECT_EQ(resumed.seconds, whole.seconds);
  std::filesystem::remove_all(path);
}

TEST(Runner, AnAverageOfWeightsIsRefusedWhereAServerHoldsThem) {
  const auto refused = [](const std::string& strategy) {
    const std::string text = std::string(kTiny) + "ema_decay = 0.9\n[strategy]\nname = '" + strategy + "'\n";
    return error_of([&] { prepare_run(spec_of(text), {}); });
  };
  EXPECT_EQ(refused("local_sgd"), "no error");
  EXPECT_THAT(refused("async_sgd"), HasSubstr("train.ema_decay = 0.9 does not go with strategy 'async_sgd'"));
  EXPECT_THAT(refused("fedavg"), HasSubstr("server"));
  EXPECT_THAT(error_of([] { prepare_run(spec_of(std::string(kTiny) + "ema_decay = 1\n"), {}); }),
              HasSubstr("never leaves the initial weights"));
}

constexpr const char* kGrowing = "batch_warmup_steps = 4\nbatch_start = ";

TEST(Runner, ABatchThatStartsAtItsSizeChangesNoBit) {
  for (const char* strategy : {"sync_sgd", "k_sync", "local_sgd"}) {
    const std::string table = std::string("[strategy]\nname = '") + strategy + "'\n";
    const RunOutcome plain = run(kTiny + table);
    const RunOutcome same = run(std::string(kTiny) + kGrowing + "4\n" + table);
    const RunOutcome growing = run(std::string(kTiny) + kGrowing + "1\n" + table);
    EXPECT_EQ(plain.params_sha256, same.params_sha256) << strategy;
    EXPECT_EQ(plain.seconds, same.seconds) << strategy;
    EXPECT_NE(plain.params_sha256, growing.params_sha256) << strategy;
    EXPECT_LT(growing.seconds, plain.seconds) << strategy;
  }
}

TEST(Runner, GrowingBatchesAreCountedAndChargedBySamples) {
  RecordingSink sink;
  const std::string compute = "[cluster.compute]\nseconds_per_step = 0.4\nmodel = 'constant'\n";
  PreparedRun prepared = prepare_run(spec_of(std::string(kTiny) + kGrowing + "1\n" + compute), {});
  const RunOutcome outcome = execute(std::move(prepared), sink, [] { return std::string(); });
  // 1, 1, 2, 3, 4, 4 samples: 15 a worker, 0.1 s each
  EXPECT_EQ(sink.points.back().samples, 60);
  EXPECT_NEAR(outcome.workers[0].compute_s, 1.5, 1e-9);
}

TEST(Runner, EpochsAreCountedInSamplesOfGrowingBatches) {
  const std::string blobs = "[data]\nname = 'blobs'\nsamples = 60\n[model]\nname = 'linear'\n";
  const std::string growing = "batch_size = 4\nbatch_warmup_steps = 4\nbatch_start = 1\n";
  EXPECT_EQ(prepare_run(spec_of(blobs + "[train]\nepochs = 1\n" + growing), {}).context.steps, 6);    // 15 x 4
  EXPECT_EQ(prepare_run(spec_of(blobs + "[train]\nepochs = 0.4\n" + growing), {}).context.steps, 4);  // 24: 1+1+2+3 x 4
}

TEST(Runner, ABatchStartOutsideItsRangeIsRefused) {
  const auto refused = [](const std::string& start) {
    return error_of([&] { prepare_run(spec_of(std::string(kTiny) + kGrowing + start + "\n"), {}); });
  };
  EXPECT_THAT(refused("5"), HasSubstr("train.batch_start = 5 is out of range"));
  EXPECT_THAT(refused("0"), HasSubstr("[1, train.batch_size = 4]"));
}

}  // namespace
}  // namespace sac
