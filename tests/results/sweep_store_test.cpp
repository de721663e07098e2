#include "results/sweep_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>

#include "results/schema.h"
#include "tests/results/fixture.h"

namespace sac {
namespace {

class SweepStoreTest : public ResultsTest {
 protected:
  SweepStoreTest() : sweeps_(file()) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) runs_.push_back(sample_context("sync_sgd", seed, "planned"));
    sweep_ = sweeps_.enter(entry_, runs_);
  }

  [[nodiscard]] Store store() const { return Store::open(file(), Store::Mode::kWrite); }

  /// Does something in a process that then dies.
  template <class Action>
  void in_another_process(const Action& action) {
    const pid_t child = fork();
    if (child == 0) {
      action();
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  }

  SweepEntry entry_{.key = "abc", .name = "periods", .method = "grid", .axes = "strategy.name"};
  std::vector<RunContext> runs_;
  SweepStore sweeps_;
  std::int64_t sweep_ = 0;
};

TEST_F(SweepStoreTest, ASweepIsEnteredOnceAndItsRunsAreScheduled) {
  EXPECT_EQ(sweeps_.enter(entry_, runs_), sweep_);
  const std::vector<RunRecord> runs = store().runs();
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(runs[0].status, "SCHEDULED");
  EXPECT_EQ(runs[2].name, "planned-3");
  EXPECT_EQ(sweeps_.counts(sweep_).waiting, 3);
}

TEST_F(SweepStoreTest, ARunThatIsThereIsTakenIn) {
  store_run(store(), sample_context("local_sgd", 7), sample_outcome(0.9, 1.0));
  const std::vector<RunContext> more{sample_context("local_sgd", 7), sample_context("local_sgd", 8)};
  const std::int64_t sweep = sweeps_.enter({.key = "def", .name = "more", .method = "grid", .axes = ""}, more);
  EXPECT_EQ(sweeps_.counts(sweep).finished, 1);
  EXPECT_EQ(store().runs().size(), 5U);
}

TEST_F(SweepStoreTest, AClaimLastsAsLongAsItsProcess) {
  const std::optional<ClaimedRun> first = sweeps_.claim(sweep_, false, {});
  EXPECT_EQ(first->run, 1);
  EXPECT_EQ(sweeps_.claim(sweep_, false, {1})->run, 2);
  in_another_process([&] { SweepStore(file()).claim(sweep_, false, {}); });
  EXPECT_EQ(sweeps_.claim(sweep_, false, {1, 2})->run, 3) << "the process that had claimed it is gone";
  in_another_process([&] {
    if (SweepStore(file()).claim(sweep_, false, {}).has_value()) _exit(1);
  });
  EXPECT_EQ(sweeps_.unfinished(sweep_, {}), 3);
}

TEST_F(SweepStoreTest, ACrashedRunIsClaimedAgainAFailedOneOnRequest) {
  EXPECT_EQ(sweeps_.claim(sweep_, false, {})->run, 1);
  sweeps_.end(1, "CRASHED", "killed");
  EXPECT_EQ(sweeps_.claim(sweep_, false, {})->run, 1);
  sweeps_.end_unless_failed(1, "no such data");
  EXPECT_EQ(sweeps_.claim(sweep_, false, {})->run, 2);
  EXPECT_EQ(sweeps_.claim(sweep_, true, {})->run, 1);
  sweeps_.end_unless_failed(1, "something else");
  EXPECT_EQ(sweeps_.failures(sweep_), (std::map<std::string, std::string>{{"planned", "no such data"}}));
}

TEST_F(SweepStoreTest, AScheduledRunIsBegunByItsOwnerOnly) {
  EXPECT_EQ(sweeps_.claim(sweep_, false, {})->run, 1);
  const std::unique_ptr<RunSink> sink = store().resume_sink(1, 0);
  sink->begin(runs_[0]);
  sink->finish(sample_outcome(0.9, 1.0));
  EXPECT_EQ(store().get(1).status, "FINISHED");
  EXPECT_EQ(store().get(1).parameters, runs_[0].parameters);
  in_another_process([&] { SweepStore(file()).claim(sweep_, false, {}); });
}

TEST_F(SweepStoreTest, WhoLosesARunMayNotWriteToIt) {
  const std::unique_ptr<RunSink> sink = store().resume_sink(1, 0);
  sink->begin(runs_[0]);
  Database database(file(), Database::Access::kReadWrite);
  database.execute("UPDATE runs SET pid = 1, pid_started = 1 WHERE run = 1");
  EXPECT_THAT(message_of([&] { sink->finish(sample_outcome(0.9, 1.0)); }), testing::HasSubstr("taken over"));
  EXPECT_NE(store().get(1).status, "FINISHED");
}

TEST_F(SweepStoreTest, ADatabaseOfTheFirstVersionGetsWhatItLacks) {
  {
    Database database(file(), Database::Access::kReadWrite);
    database.execute(
        "DROP TABLE spans; DROP VIEW v_sweeps; DROP TABLE sweep_runs; DROP TABLE sweeps; DROP TABLE tags; DROP TABLE "
        "notes; "
        "PRAGMA user_version = 1");
  }
  EXPECT_EQ(store().runs().size(), 3U);
  SweepStore again(file());
  EXPECT_EQ(again.counts(again.enter(entry_, runs_)).runs(), 3);
  EXPECT_EQ(store().runs().size(), 3U);
}

TEST(EarlyStop, RungsGrowByEtaAndTheBestShareGoesOn) {
  const EarlyStop rule{.series = "loss", .maximise = false, .min_steps = 10, .eta = 3};
  EXPECT_THAT(rule.rungs(300), testing::ElementsAre(10, 30, 90, 270));
  EXPECT_TRUE(EarlyStop{}.rungs(300).empty());
  EXPECT_FALSE(rule.hopeless(9.0, {9.0, 1.0})) << "fewer than eta tell nothing";
  EXPECT_TRUE(rule.hopeless(9.0, {9.0, 1.0, 2.0}));
  EXPECT_FALSE(rule.hopeless(1.0, {9.0, 1.0, 2.0}));
  EXPECT_TRUE(rule.hopeless(std::nan(""), {std::nan(""), 1.0, 2.0}));
  EXPECT_FALSE((EarlyStop{.series = "accuracy", .maximise = true, .min_steps = 1, .eta = 2}).hopeless(0.9, {0.9, 0.1}));
}

TEST_F(SweepStoreTest, ARunGivenUpIsNotClaimedAgain) {
  const EarlyStop rule{.series = "loss", .maximise = false, .min_steps = 10, .eta = 2};
  std::vector<RunContext> rivals;
  for (const char* strategy : {"a", "b"}) rivals.push_back(sample_context(strategy, 0, strategy));
  const std::int64_t sweep = sweeps_.enter({.key = "r", .name = "r", .method = "grid", .axes = ""}, rivals);
  std::vector<std::int64_t> runs;
  for (const double loss : {1.0, 2.0}) {
    const std::int64_t run = sweeps_.claim(sweep, false, {runs.begin(), runs.end()})->run;
    const std::unique_ptr<RunSink> sink = store().resume_sink(run, 0);
    sink->begin(rivals[runs.size()]);
    sink->record(std::vector<MetricPoint>{{"loss", 5, 1.0, 1, 1, 0.0}, {"loss", 12, 1.0, 1, 1, loss}});
    RunOutcome killed = sample_outcome(0.5, 1.0);
    killed.status = RunStatus::kKilled;
    sink->finish(killed);
    runs.push_back(run);
  }
  EXPECT_FALSE(sweeps_.why_hopeless(sweep, runs[0], rule));
  const auto why = sweeps_.why_hopeless(sweep, runs[1], rule);
  ASSERT_TRUE(why);
  EXPECT_EQ(*why, "loss 2 at step 10 is not among the best 1/2 of 2 runs of its seed");
  sweeps_.give_up(runs[1], *why);
  EXPECT_EQ(sweeps_.counts(sweep).given_up, 1);
  EXPECT_EQ(sweeps_.counts(sweep).waiting, 1);
  EXPECT_EQ(sweeps_.unfinished(sweep, {}), 1);
  EXPECT_EQ(sweeps_.claim(sweep, true, {})->run, runs[0]);
  EXPECT_FALSE(sweeps_.claim(sweep, true, {runs[0]}));
}

}  // namespace
}  // namespace sac
