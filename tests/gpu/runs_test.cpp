// Whole runs on the virtual cluster: every strategy on the GPU repeats its bits, follows the CPU's run, and resumes.
#include <filesystem>
#include <fstream>

#include "engine/core/metric_sink.h"
#include "engine/train/strategy.h"
#include "experiments/runner.h"
#include "tests/experiments/fixture.h"
#include "tests/gpu/fixture.h"

namespace sac::test {
namespace {

class Quiet final : public MetricSink {
 public:
  void begin(const RunContext&) override {}
  void record(std::span<const MetricPoint>) override {}
  void progress(const Progress&) override {}
  void finish(const RunOutcome&) override {}
};

class RunsOnGpu : public NeedsGpu {
 protected:
  static std::string text(const std::string& strategy, const std::string& device, const std::string& model = "cnn") {
    const std::string data = "[data]\nname = 'fashion_mnist'\ntest_limit = 500\ntrain_limit = 2000\n";
    return data + "[model]\nname = '" + model + "'\n[strategy]\nname = '" + strategy +
           "'\n[optimizer]\nlr = 0.02\nmomentum = 0.9\n[cluster]\nworkers = 4\n[train]\nsteps = 20\nbatch_size = 16\n" +
           "log_every = 5\neval_every = 10\ndevice = '" + device + "'\n";
  }
  static RunOutcome run(const std::string& spec, int slots = 4) {
    Quiet sink;
    return execute(prepare_run(spec_of(spec), {.slots = slots}), sink, [] { return std::string(); });
  }
};

TEST_F(RunsOnGpu, EveryStrategyFollowsTheCpu) {
  for (const std::string& strategy : Registry<StrategyEntry>::instance().names()) {
    const RunOutcome gpu = run(text(strategy, "cuda"));
    const RunOutcome cpu = run(text(strategy, "cpu"));
    EXPECT_EQ(gpu.seconds, cpu.seconds) << strategy << ": simulated time knows no device";
    EXPECT_NEAR(*gpu.loss, *cpu.loss, 0.02 * *cpu.loss) << strategy;
    EXPECT_NEAR(*gpu.accuracy, *cpu.accuracy, 0.03) << strategy;
  }
}

TEST_F(RunsOnGpu, EveryStrategyRepeatsItsBitsWhateverTheSlots) {
  for (const std::string& strategy : Registry<StrategyEntry>::instance().names()) {
    const RunOutcome first = run(text(strategy, "cuda"), 1);
    const RunOutcome again = run(text(strategy, "cuda"), 4);
    EXPECT_EQ(first.params_sha256, again.params_sha256) << strategy;
    EXPECT_EQ(first.train_loss, again.train_loss) << strategy;
  }
}

TEST_F(RunsOnGpu, AutoTakesTheGpuAndTheSpecSaysSo) {
  const PreparedRun prepared = prepare_run(spec_of(text("sync_sgd", "auto")), {});
  EXPECT_TRUE(prepared.job.device.is_cuda());
  EXPECT_THAT(prepared.context.spec_toml, testing::HasSubstr("device = \"cuda\""));
}

TEST_F(RunsOnGpu, AStoppedRunResumesToTheSameEnd) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "gpu_runs_test.ckpt";
  const auto checkpoint = [&] { return path.string(); };
  for (const char* strategy : {"sync_sgd", "staged", "async_sgd"}) {
    const RunOutcome whole = run(text(strategy, "cuda"));
    const std::atomic<bool> stop{true};
    Quiet sink;
    const RunOutcome stopped =
        execute(prepare_run(spec_of(text(strategy, "cuda")), {.slots = 4, .stop = &stop}), sink, checkpoint);
    ASSERT_TRUE(stopped.resumable) << strategy;
    PreparedRun rest = prepare_run(spec_of(text(strategy, "cuda")), {.slots = 4});
    rest.job.resume = std::make_shared<const Checkpoint>(
        Checkpoints(path).newest(rest.job.key, [](const std::string& why) { FAIL() << why; }).value());
    EXPECT_EQ(execute(std::move(rest), sink, checkpoint).params_sha256, whole.params_sha256) << strategy;
  }
}

TEST_F(RunsOnGpu, SynchronisedStatisticsFollowTheCpu) {
  const std::string synchronised = "batch_norm = 'synchronised'\n";
  const RunOutcome gpu = run(text("sync_sgd", "cuda", "resnet20") + synchronised);
  const RunOutcome again = run(text("sync_sgd", "cuda", "resnet20") + synchronised, 1);
  const RunOutcome cpu = run(text("sync_sgd", "cpu", "resnet20") + synchronised);
  EXPECT_EQ(gpu.params_sha256, again.params_sha256);
  EXPECT_EQ(gpu.seconds, cpu.seconds);
  EXPECT_NEAR(*gpu.loss, *cpu.loss, 0.05 * *cpu.loss);
}

TEST_F(RunsOnGpu, DropsWhatTheCpuDrops) {
  const std::filesystem::path fox = std::filesystem::path(testing::TempDir()) / "gpu_fox.txt";
  std::ofstream file(fox);
  for (int i = 0; i < 100; ++i) file << "the quick brown fox jumps over the lazy dog. ";
  file.close();
  const std::string spec = R"(
[data]
name = 'text'
file = ')" + fox.string() + R"('
context = 16
[model]
name = 'transformer_lm'
layers = 1
heads = 2
width = 32
dropout = 0.3
[cluster]
workers = 2
[train]
steps = 5
batch_size = 8
dtype = 'float64'
device = )";
  const auto loss_on = [&](const std::string& device) { return *run(spec + "'" + device + "'\n").train_loss; };
  EXPECT_NEAR(loss_on("cuda"), loss_on("cpu"), 1e-9);
}

TEST_F(RunsOnGpu, LowPrecisionsLearn) {
  for (const char* precision : {"tf32", "bf16"}) {
    const RunOutcome low = run(text("sync_sgd", "cuda", "resnet20") + "precision = '" + std::string(precision) + "'\n");
    const RunOutcome full = run(text("sync_sgd", "cuda", "resnet20"));
    EXPECT_NEAR(*low.train_loss, *full.train_loss, 0.1 * *full.train_loss) << precision;
  }
}

}  // namespace
}  // namespace sac::test
