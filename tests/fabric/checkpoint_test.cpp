#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "engine/core/error.h"
#include "engine/nn/safetensors.h"
#include "tests/fabric/checkpoint_cases.h"
#include "tests/support/toy.h"

namespace sac::test {
namespace {

std::string scratch(const std::string& name) {
  return (std::filesystem::temp_directory_path() / ("sac-" + std::to_string(::getpid()) + "-" + name)).string();
}

/// Raises a flag when the run has made some progress: a signal at a known place.
class StopAt final : public MetricSink {
 public:
  explicit StopAt(std::int64_t step) : step_(step) {}
  void begin(const RunContext&) override {}
  void record(std::span<const MetricPoint>) override {}
  void progress(const Progress& progress) override {
    if (progress.step >= step_) flag = true;
  }
  void finish(const RunOutcome&) override {}
  std::atomic<bool> flag{false};

 private:
  std::int64_t step_;
};

ToyRun run_of(const CheckpointCase& item, bool slow_network) {
  ToyRun run;
  run.strategy = item.strategy;
  run.options = item.options;
  run.momentum = item.momentum;
  run.steps = 60;
  run.log_every = 3;
  run.eval_every = 7;
  run.compute.model = "pareto";
  run.server = {.service_s = 1e-3, .locks = slow_network};
  if (slow_network) run.network.bandwidth_Bps = 5e3;  // exchanges longer than steps: always something in flight
  return run;
}

void expect_same(const RunOutcome& a, const RunOutcome& b, const std::string& label) {
  EXPECT_EQ(a.params_sha256, b.params_sha256) << label;
  EXPECT_EQ(a.seconds, b.seconds) << label;
  EXPECT_EQ(a.loss, b.loss) << label;
  EXPECT_EQ(a.train_loss, b.train_loss) << label;
  EXPECT_EQ(a.staleness, b.staleness) << label;
  for (std::size_t k = 0; k < a.workers.size(); ++k) {
    EXPECT_EQ(a.workers[k].compute_s, b.workers[k].compute_s) << label;
    EXPECT_EQ(a.workers[k].communication_s, b.workers[k].communication_s) << label;
    EXPECT_EQ(a.workers[k].waiting_s, b.workers[k].waiting_s) << label;
    EXPECT_EQ(a.workers[k].wire_bytes, b.workers[k].wire_bytes) << label;
  }
}

TEST(Checkpoint, AStoppedAndResumedRunIsTheUninterruptedOne) {
  for (const CheckpointCase& item : checkpoint_cases()) {
    for (const bool slow : {false, true}) {
      const ToyRun whole = run_of(item, slow);
      const RunOutcome expected = whole.run();
      for (const std::int64_t at : {3, 20, 45}) {
        const std::string label = item.label + (slow ? " slow" : "") + " stopped at " + std::to_string(at);
        ToyRun part = whole;
        part.checkpoint = scratch(item.label);
        StopAt sink(at);
        part.stop = &sink.flag;
        const RunOutcome stopped = part.run(sink);
        ASSERT_EQ(stopped.status, RunStatus::kKilled) << label;
        ASSERT_TRUE(stopped.resumable) << label;
        part.stop = nullptr;
        part.resume = true;
        part.slots = 1;
        part.checkpoint_every = at == 45 ? 2 : 0;  // boundaries in the midst of what is replayed
        const RunOutcome resumed = part.run();
        ASSERT_EQ(resumed.status, RunStatus::kFinished) << label;
        expect_same(expected, resumed, label);
        std::filesystem::remove_all(part.checkpoint);
      }
    }
  }
}

TEST(Checkpoint, PeriodicCheckpointsChangeNothingAndCanBeResumed) {
  for (const CheckpointCase& item : checkpoint_cases()) {
    ToyRun run = run_of(item, true);
    const RunOutcome expected = run.run();
    run.checkpoint = scratch("periodic-" + item.label);
    run.checkpoint_every = 11;
    expect_same(expected, run.run(), item.label);
    run.resume = true;  // from the last one, as after a kill -9
    expect_same(expected, run.run(), item.label + " resumed");
    std::filesystem::remove_all(run.checkpoint);
  }
}

TEST(Checkpoint, ResumedTwiceIsStillTheSame) {
  for (const CheckpointCase& item : checkpoint_cases()) {
    ToyRun run = run_of(item, true);
    const RunOutcome expected = run.run();
    run.checkpoint = scratch("twice-" + item.label);
    run.checkpoint_every = 3;
    for (const std::int64_t at : {10, 30}) {
      StopAt sink(at);
      run.stop = &sink.flag;
      EXPECT_EQ(run.run(sink).status, RunStatus::kKilled) << item.label;
      run.resume = true;
    }
    run.stop = nullptr;
    expect_same(expected, run.run(), item.label + " twice");
    std::filesystem::remove_all(run.checkpoint);
  }
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Checkpoint, TheNewestSoManyAreKept) {
  ToyRun run;
  run.steps = 30;
  run.checkpoint_every = 4;
  run.checkpoint = scratch("kept");
  run.run();
  EXPECT_EQ(names_in(run.checkpoint), (std::vector<std::string>{"step-20", "step-24", "step-28"}));
  EXPECT_EQ(names_in(run.checkpoint + "/step-28"),
            (std::vector<std::string>{"manifest.json", "model.safetensors", "state.bin"}));
  Checkpoints(run.checkpoint).remove();
  EXPECT_FALSE(std::filesystem::exists(run.checkpoint));
  run.checkpoints_kept = 0;
  run.run();
  EXPECT_EQ(names_in(run.checkpoint).size(), 7U);
  std::filesystem::remove_all(run.checkpoint);
}

TEST(Checkpoint, DamagedOnesArePassedOverAndWrittenAgain) {
  ToyRun run;
  run.steps = 30;
  run.checkpoint_every = 4;
  run.checkpoint = scratch("damaged");
  const RunOutcome expected = run.run();
  const std::filesystem::path folder = run.checkpoint;
  std::filesystem::resize_file(folder / "step-28" / "state.bin", 100);
  std::ofstream(folder / "step-24" / "model.safetensors", std::ios::in | std::ios::out).write("!", 1);
  std::filesystem::create_directory(folder / "step-99.part");  // of a writer that was killed
  std::vector<std::string> told;
  const auto found = Checkpoints(folder).newest("toy", [&](const std::string& text) { told.push_back(text); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->manifest.step, 20);
  EXPECT_EQ(found->manifest.run, folder.filename());
  ASSERT_EQ(told.size(), 2U);
  EXPECT_NE(told[0].find("step-28' is passed over: state.bin has 100 bytes"), std::string::npos) << told[0];
  EXPECT_NE(told[1].find("step-24' is passed over: model.safetensors: its SHA-256 differs"), std::string::npos);
  run.resume = true;
  expect_same(expected, run.run(), "from the third");
  EXPECT_EQ(names_in(run.checkpoint), (std::vector<std::string>{"step-20", "step-24", "step-28"}));
  EXPECT_EQ(run.newest_checkpoint()->manifest.step, 28);
  std::filesystem::remove_all(run.checkpoint);
}

TEST(Checkpoint, WithoutAWholeOneOfTheSameRunNothingIsTakenUp) {
  ToyRun run;
  run.checkpoint = scratch("none");
  run.checkpoint_every = 4;
  EXPECT_FALSE(Checkpoints(run.checkpoint).any());
  run.run();
  const auto ignore = [](const std::string&) {};
  EXPECT_TRUE(Checkpoints(run.checkpoint).newest("toy", ignore));
  EXPECT_FALSE(Checkpoints(run.checkpoint).newest("another", ignore));
  for (const std::string& name : names_in(run.checkpoint)) {
    std::filesystem::remove(std::filesystem::path(run.checkpoint) / name / "manifest.json");
  }
  EXPECT_FALSE(Checkpoints(run.checkpoint).newest("toy", ignore));
  std::filesystem::remove_all(run.checkpoint);
}

/// Keeps the models that were evaluated.
struct Seen {
  std::map<std::int64_t, at::Tensor> models;
  [[nodiscard]] Evaluated told() {
    return [this](std::int64_t step, const at::Tensor& parameters, const at::Tensor&) { models[step] = parameters; };
  }
};

TEST(Checkpoint, ItsModelIsTheOneThatWouldBeEvaluated) {
  for (const char* strategy : {"sync_sgd", "local_sgd", "staged", "easgd", "async_sgd", "fedavg"}) {
    ToyRun run;
    run.strategy = strategy;
    run.workers = std::string(strategy) == "async_sgd" ? 1 : 4;
    run.steps = 24;
    run.checkpoint_every = 8;
    run.eval_every = 8;
    run.checkpoints_kept = 0;
    run.checkpoint = scratch(std::string("model-") + strategy);
    Job job = run.job();
    Seen seen;
    job.evaluated = seen.told();
    MemorySink sink;
    VirtualExecutor(run.cluster(), 2).run(job, sink);
    for (const std::int64_t step : {8, 16}) {
      const std::filesystem::path file =
          std::filesystem::path(run.checkpoint) / ("step-" + std::to_string(step)) / "model.safetensors";
      ASSERT_TRUE(std::filesystem::exists(file)) << strategy << " " << step;
      const at::Tensor found = at::empty({run.elements()}, at::kDouble);
      load_safetensors(file, job.model->layout(), found, at::empty({0}, at::kDouble));
      EXPECT_TRUE(at::equal(found, seen.models.at(step))) << strategy << " " << step;
    }
    std::filesystem::remove_all(run.checkpoint);
  }
}

TEST(Checkpoint, AFolderThatCannotBeWrittenIsNamedInOneLine) {
  ToyRun run;
  run.checkpoint_every = 4;
  run.checkpoint = scratch("file") + "/run";
  std::ofstream(scratch("file")) << "in the way";
  try {
    run.run();
    FAIL() << "written into a file";
  } catch (const RunError& error) {
    EXPECT_NE(std::string(error.what()).find("cannot write the checkpoint '" + run.checkpoint), std::string::npos);
  }
  std::filesystem::remove(scratch("file"));
}

}  // namespace
}  // namespace sac::test
