#include "engine/fabric/virtual/faults.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "engine/core/error.h"
#include "engine/fabric/virtual/availability.h"
#include "tests/support/toy.h"

namespace sac::test {
namespace {

constexpr double kForEver = std::numeric_limits<double>::infinity();

TEST(Faults, AreReadAndWrittenAlike) {
  const auto faults = parse_faults({"worker  3 dies at 2.50", "worker 0 pauses for 0.5 at 1", "worker 3 rejoins at 4e0",
                                    "worker 1 slows at 1 by 2", "worker 1 slows by 4 at 3 for 10"},
                                   4);
  const Strings expected{"worker 0 pauses at 1 for 0.5", "worker 1 slows by 2 at 1", "worker 3 dies at 2.5",
                         "worker 1 slows by 4 at 3 for 10", "worker 3 rejoins at 4"};
  const Strings texts = canonical_faults(faults);
  EXPECT_EQ(texts, expected);
  EXPECT_EQ(canonical_faults(parse_faults(texts, 4)), texts);
}

TEST(Faults, WhatCannotBeIsRefused) {
  for (const Strings& texts : std::vector<Strings>{{"worker 4 dies at 1"},
                                                   {"worker -1 dies at 1"},
                                                   {"worker 1 dies"},
                                                   {"worker 1 dies at soon"},
                                                   {"worker 1 dies at -1"},
                                                   {"worker 1 dies at inf"},
                                                   {"worker 1 dies at 1 for 2"},
                                                   {"worker 1 dies at 1 at 2"},
                                                   {"worker 1 pauses at 1"},
                                                   {"worker 1 pauses at 1 for 0"},
                                                   {"worker 1 slows at 1"},
                                                   {"worker 1 slows by 0 at 1"},
                                                   {"worker 1 sleeps at 1"},
                                                   {"1 dies at 1"},
                                                   {""},
                                                   {"worker 1 rejoins at 1"},
                                                   {"worker 1 dies at 1", "worker 1 dies at 2"},
                                                   {"worker 1 dies at 1", "worker 1 pauses at 2 for 1"},
                                                   {"worker 1 pauses at 1 for 2", "worker 1 dies at 2"}}) {
    EXPECT_THROW(parse_faults(texts, 4), ConfigError) << texts.back();
  }
}

TEST(Availability, ComputationsStretchOverPausesAndSlowDowns) {
  const Availability plain({}, 0);
  EXPECT_EQ(plain.done(0.1, 0.2), 0.1 + 0.2);
  EXPECT_EQ(plain.gone_at(), kForEver);
  const auto faults = parse_faults({"worker 0 pauses at 1 for 0.5", "worker 0 slows by 4 at 2 for 4",
                                    "worker 0 slows by 2 at 5 for 3", "worker 1 dies at 1", "worker 1 rejoins at 3"},
                                   2);
  const Availability up(faults, 0);
  EXPECT_DOUBLE_EQ(up.done(0.5, 0.25), 0.75);
  EXPECT_DOUBLE_EQ(up.done(0.5, 1.0), 2.0);    // half, a pause of 0.5, the other half
  EXPECT_DOUBLE_EQ(up.done(2.0, 0.5), 4.0);    // four times as long
  EXPECT_DOUBLE_EQ(up.done(4.0, 0.375), 6.0);  // a second at a quarter, one at an eighth
  EXPECT_DOUBLE_EQ(up.done(0.5, 0.5), 1.5);    // done as the pause begins: up again after it
  EXPECT_DOUBLE_EQ(up.up_from(1.2), 1.5);
  EXPECT_DOUBLE_EQ(up.down(0.0, 1.25), 0.25);
  const Availability back(faults, 1);
  EXPECT_DOUBLE_EQ(back.done(0.5, 1.0), 4.0);  // lost at 1, begun again at 3
  EXPECT_EQ(back.gone_at(), kForEver);
  const Availability gone(parse_faults({"worker 0 dies at 1"}, 1), 0);
  EXPECT_EQ(gone.done(0.5, 1.0), kForEver);
  EXPECT_DOUBLE_EQ(gone.done(0.25, 0.5), 0.75);
  EXPECT_EQ(gone.gone_at(), 1.0);
}

ToyRun with(const std::string& strategy, const Strings& faults, bool goes_on = false) {
  ToyRun run;
  run.strategy = strategy;
  run.steps = 40;
  run.faults = parse_faults(faults, run.workers);
  run.goes_on = goes_on;
  return run;
}

void expect_whole_accounts(const RunOutcome& outcome, const std::string& label) {
  for (const WorkerTotals& w : outcome.workers) {
    EXPECT_NEAR(w.compute_s + w.communication_s + w.waiting_s + w.idle_s, outcome.seconds, 1e-9) << label;
    EXPECT_GE(w.idle_s, -1e-12) << label;
  }
}

TEST(Faults, APauseOfOneStopsAllWhoWaitForIt) {
  const RunOutcome plain = with("sync_sgd", {}).run();
  const RunOutcome paused = with("sync_sgd", {"worker 2 pauses at 0.04 for 0.3"}).run();
  EXPECT_NEAR(paused.seconds, plain.seconds + 0.3, 1e-9);
  EXPECT_EQ(paused.params_sha256, plain.params_sha256);
  EXPECT_NEAR(paused.workers[2].idle_s, 0.3, 1e-9);
  EXPECT_NEAR(paused.workers[0].waiting_s, plain.workers[0].waiting_s + 0.3, 1e-9);
  expect_whole_accounts(paused, "pause");
}

TEST(Faults, ASlowWorkerSetsThePaceOfAll) {
  const RunOutcome plain = with("sync_sgd", {}).run();
  const RunOutcome slow = with("sync_sgd", {"worker 1 slows by 3 at 0"}).run();
  EXPECT_NEAR(slow.seconds, plain.seconds + 40 * 0.02, 1e-9);  // 0.01 s a step becomes 0.03
  EXPECT_EQ(slow.params_sha256, plain.params_sha256);
  expect_whole_accounts(slow, "slow");
}

TEST(Faults, WithoutOneWorkerAllReducesStallOrGoOn) {
  for (const char* strategy : {"sync_sgd", "local_sgd", "staged", "diloco", "easgd"}) {
    try {
      with(strategy, {"worker 2 dies at 0.105"}).run();
      ADD_FAILURE() << strategy << " went on";
    } catch (const CommunicationError& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find("worker 2 died at 0.105 s"), std::string::npos) << text;
      EXPECT_NE(text.find("on_failure"), std::string::npos) << text;
      EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    }
    for (const char* dead : {"worker 2 dies at 0.105", "worker 0 dies at 0.105", "worker 0 dies at 0"}) {
      ToyRun run = with(strategy, {dead}, true);
      run.eval_every = 5;
      MemorySink sink;
      const RunOutcome outcome = run.run(sink);
      EXPECT_EQ(outcome.status, RunStatus::kFinished) << strategy;
      EXPECT_TRUE(outcome.loss && std::isfinite(*outcome.loss)) << strategy << " " << dead;
      EXPECT_EQ(sink.series("loss").size(), 8U) << strategy;
      EXPECT_EQ(sink.series("train_loss").size(), 8U) << strategy;
      expect_whole_accounts(outcome, strategy);
    }
  }
}

TEST(Faults, GoingOnIsTheMeanOfTheRest) {
  // Worker 3 is never there: what the other three do is what three alone do with their batches.
  ToyRun run = with("sync_sgd", {"worker 3 dies at 0"}, true);
  const auto four = trace(run);
  EXPECT_TRUE(four[3].empty());
  const ToyData data(19, run.batch);
  at::Tensor x = at::empty({19}, at::TensorOptions(at::kDouble));
  ToyModel(run.layers).initialise(x, {}, run.seed);
  for (std::int64_t step = 0; step < 5; ++step) {
    at::Tensor gradient = at::zeros_like(x);
    for (int k = 0; k < 3; ++k) {
      Batch batch;
      data.train_batch(k, 4, step, 0, 1, batch);
      gradient += (x - batch.inputs.mean(0)) / 3.0;
    }
    x = x - run.lr * gradient;
    EXPECT_LT(distance(four[0][static_cast<std::size_t>(step)], x), 1e-12);
  }
}

TEST(Faults, WhoRejoinsIsWaitedFor) {
  const RunOutcome plain = with("sync_sgd", {}).run();
  const RunOutcome back = with("sync_sgd", {"worker 2 dies at 0.1", "worker 2 rejoins at 1.0"}).run();
  EXPECT_EQ(back.params_sha256, plain.params_sha256);
  EXPECT_GT(back.seconds, plain.seconds + 0.85);
  EXPECT_NEAR(back.workers[2].idle_s, 0.9, 1e-9);
  expect_whole_accounts(back, "rejoin");
}

/// A run with faults, twice, with one and three slots: the same bits, every second with an owner.
void expect_an_end(ToyRun run, const std::string& label) {
  run.compute.model = "pareto";
  run.slots = 1;
  const RunOutcome one = run.run();
  run.slots = 3;
  const RunOutcome other = run.run();
  EXPECT_EQ(one.params_sha256, other.params_sha256) << label;
  EXPECT_EQ(one.seconds, other.seconds) << label;
  EXPECT_TRUE(one.loss && std::isfinite(*one.loss)) << label;
  expect_whole_accounts(one, label);
}

TEST(Faults, EveryStrategyDoesWhatItsTraitsSay) {
  for (const std::string& name : Registry<StrategyEntry>::instance().names()) {
    const OnDeath says = with(name, {}).job().strategy()->traits().on_death;
    expect_an_end(with(name, {"worker 3 pauses at 0.1 for 0.1", "worker 0 slows by 5 at 0"}), name + " paused");
    const bool goes_on = says == OnDeath::kGoesOn;
    if (goes_on) expect_an_end(with(name, {"worker 1 dies at 0.105", "worker 1 rejoins at 0.3"}), name + " rejoined");
    for (const Strings& deaths :
         std::vector<Strings>{{"worker 2 dies at 0.105"}, {"worker 0 dies at 0.003", "worker 1 dies at 0.2"}}) {
      const std::string label = name + ": " + deaths.front();
      if (goes_on) {
        expect_an_end(with(name, deaths), label);
      } else {
        EXPECT_THROW(with(name, deaths).run(), CommunicationError) << label;
      }
      if (says == OnDeath::kCanGoOn) expect_an_end(with(name, deaths, true), label + " continued");
      if (says == OnDeath::kStalls) {
        EXPECT_THROW(with(name, deaths, true).run(), ConfigError) << label;
      }
    }
  }
}

TEST(Faults, WhoIsLeftGoesOnToTheEndAlone) {
  const Strings all_but_one{"worker 0 dies at 0.05", "worker 1 dies at 0.1", "worker 3 dies at 0.15"};
  for (const char* strategy : {"sync_sgd", "local_sgd", "async_sgd", "ssp", "k_sync", "d_psgd"}) {
    EXPECT_TRUE(with(strategy, all_but_one, true).run().loss.has_value()) << strategy;
    Strings all = all_but_one;
    all.emplace_back("worker 2 dies at 0.2");
    EXPECT_THROW(with(strategy, all, true).run(), RunError) << strategy;
  }
}

TEST(Faults, StrategiesThatCannotGoOnSaySo) {
  EXPECT_THROW(with("choco", {"worker 2 dies at 0.1"}, true).run(), ConfigError);
  EXPECT_THROW(with("sync_sgd", {"worker 2 dies at 0.1", "worker 2 rejoins at 0.2"}, true).run(), ConfigError);
  ToyRun gathers = with("sync_sgd", {"worker 2 dies at 0.1"}, true);
  gathers.options = {{"codec", std::string("topk")}};
  EXPECT_THROW(gathers.run(), ConfigError);
  gathers.options = {{"codec", std::string("fp16")}};
  EXPECT_TRUE(gathers.run().loss.has_value());
}

/// Raises a flag when the run has made some progress.
class StopAt final : public MetricSink {
 public:
  explicit StopAt(std::int64_t step) : step_(step) {}
  void begin(const RunContext&) override {}
  void record(std::span<const MetricPoint>) override {}
  void progress(const Progress& progress) override { flag = flag || progress.step >= step_; }
  void finish(const RunOutcome&) override {}
  std::atomic<bool> flag{false};

 private:
  std::int64_t step_;
};

TEST(Faults, CheckpointsKnowWhoHasDied) {
  const std::string file =
      (std::filesystem::temp_directory_path() / ("sac-faults-" + std::to_string(::getpid()))).string();
  const Strings faults{"worker 2 dies at 0.105", "worker 1 pauses at 0.2 for 0.1", "worker 0 slows by 2 at 0.1"};
  for (const char* strategy : {"sync_sgd", "local_sgd", "async_sgd", "ssp", "k_sync", "d_psgd"}) {
    for (const std::int64_t at : {3, 9, 15, 27}) {
      ToyRun run = with(strategy, faults, true);
      run.compute.model = "pareto";
      run.log_every = 3;
      run.eval_every = 7;
      const RunOutcome whole = run.run();
      run.checkpoint = file;
      StopAt sink(at);
      run.stop = &sink.flag;
      ASSERT_EQ(run.run(sink).status, RunStatus::kKilled) << strategy << at;
      run.stop = nullptr;
      run.resume = true;
      const RunOutcome resumed = run.run();
      EXPECT_EQ(whole.params_sha256, resumed.params_sha256) << strategy << at;
      EXPECT_EQ(whole.seconds, resumed.seconds) << strategy << at;
      EXPECT_EQ(whole.loss, resumed.loss) << strategy << at;
      for (std::size_t k = 0; k < 4; ++k)
        EXPECT_EQ(whole.workers[k].idle_s, resumed.workers[k].idle_s) << strategy << k;
      std::filesystem::remove_all(file);
    }
  }
}

}  // namespace
}  // namespace sac::test
