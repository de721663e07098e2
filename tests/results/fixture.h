#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "results/store.h"

namespace sac {

/// A folder of its own for each test, removed afterwards.
class ResultsTest : public testing::Test {
 protected:
  ResultsTest() {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              ("sactool-" + std::string(test->test_suite_name()) + "-" + test->name() + "-" + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ResultsTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path file(const std::string& name = "runs.db") const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

/// A context as the runner makes it; the keys follow from strategy, spec and seed.
inline RunContext sample_context(const std::string& strategy = "sync_sgd", std::uint64_t seed = 0,
                                 const std::string& name = "") {
  RunContext context;
  context.name = name;
  context.strategy = strategy;
  context.group_key = strategy + "-group";
  context.key = context.group_key + "-" + std::to_string(seed);
  context.spec_toml = "[model]\nname = \"cnn\"\n\n[strategy]\nname = \"" + strategy + "\"\n\n[train]\nsteps = 100\n";
  context.dataset = "fashion_mnist";
  context.model = "cnn";
  context.fabric = "virtual";
  context.workers = 4;
  context.seed = seed;
  context.batch_size = 32;
  context.steps = 100;
  context.parameters = 80202;
  context.provenance = {{"compiler", "g++ 12"}, {"argv", "sactool train"}};
  return context;
}

/// An outcome of `workers` equal workers that spent `seconds`, a quarter of it in each part.
inline RunOutcome sample_outcome(double accuracy, double seconds, std::int64_t workers = 4) {
  RunOutcome outcome;
  outcome.steps = 100;
  outcome.params_sha256 = std::string(64, 'a');
  outcome.accuracy = accuracy;
  outcome.loss = 1.0 - accuracy;
  outcome.train_loss = 0.5;
  outcome.seconds = seconds;
  outcome.wall_seconds = 2.0;
  const double part = seconds / 4;
  outcome.workers.assign(static_cast<std::size_t>(workers), {.compute_s = part,
                                                             .communication_s = part,
                                                             .hidden_communication_s = 0.0,
                                                             .waiting_s = part,
                                                             .idle_s = part,
                                                             .payload_bytes = 10,
                                                             .wire_bytes = 15,
                                                             .messages = 2});
  return outcome;
}

/// Stores one finished run and returns its number.
inline std::int64_t store_run(const Store& store, const RunContext& context, const RunOutcome& outcome,
                              const std::vector<MetricPoint>& points = {}) {
  const std::unique_ptr<RunSink> sink = store.sink();
  sink->begin(context);
  sink->record(points);
  sink->finish(outcome);
  return sink->run_id();
}

/// The message of the error that `action` throws; "" when it throws none.
template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace sac
