#include "results/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "engine/core/error.h"
#include "results/database.h"
#include "tests/results/fixture.h"

namespace sac {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

using StoreTest = ResultsTest;

TEST_F(StoreTest, ARunComesBackAsItWasReported) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  RunOutcome outcome = sample_outcome(0.875, 8.0, 3);
  outcome.workers[0].compute_s = 5.0;
  outcome.staleness = {{0, 1}, {3, 3}};
  const std::int64_t id = store_run(store, sample_context("async_sgd", 7), outcome);

  const RunRecord run = store.get(id);
  EXPECT_EQ(run.name, "async_sgd-w4-s7");
  EXPECT_EQ(run.status, "FINISHED");
  EXPECT_EQ(run.seed, 7U);
  EXPECT_EQ(run.steps, 100);
  EXPECT_EQ(run.accuracy, 0.875);
  EXPECT_EQ(run.seconds, 8.0);
  EXPECT_DOUBLE_EQ(run.compute_s, (5.0 + 2.0 + 2.0) / 3) << "seconds are means over workers";
  EXPECT_EQ(run.wire_bytes, 45) << "bytes are sums over workers";
  EXPECT_EQ(run.staleness_mean, 2.25);
  EXPECT_EQ(run.staleness_max, 3);
  EXPECT_EQ(run.params_sha256, std::string(64, 'a'));
  EXPECT_FALSE(run.resumable);
  EXPECT_EQ(run.created.size(), std::string("2026-01-01T00:00:00.000Z").size());
  EXPECT_EQ(store.workers(id).size(), 3U);
  EXPECT_EQ(store.staleness(id), outcome.staleness);
  EXPECT_THAT(store.provenance(id), ElementsAre(std::pair<std::string, std::string>("compiler", "g++ 12"),
                                                std::pair<std::string, std::string>("argv", "sactool train")));
}

TEST_F(StoreTest, NanInfinityAndAbsentStayApart) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  RunOutcome outcome = sample_outcome(0.1, 1.0);
  outcome.accuracy.reset();
  outcome.loss = kNaN;
  outcome.train_loss = kInfinity;
  const std::int64_t id = store_run(store, sample_context(), outcome,
                                    {{.series = "loss", .step = 1, .value = kNaN},
                                     {.series = "loss", .step = 2, .value = kInfinity},
                                     {.series = "loss", .step = 3, .value = -kInfinity},
                                     {.series = "loss", .step = 4, .value = 0.25}});
  const RunRecord run = store.get(id);
  EXPECT_FALSE(run.accuracy.has_value());
  EXPECT_TRUE(std::isnan(run.loss.value()));
  EXPECT_EQ(run.train_loss, kInfinity);
  const std::vector<MetricPoint> points = store.points(id, "loss");
  ASSERT_EQ(points.size(), 4U);
  EXPECT_TRUE(std::isnan(points[0].value));
  EXPECT_EQ(points[1].value, kInfinity);
  EXPECT_EQ(points[2].value, -kInfinity);
  EXPECT_EQ(points[3].value, 0.25);

  Database database(file(), Database::Access::kReadOnly);
  EXPECT_EQ(database.integer("SELECT count(*) FROM v_metrics WHERE value IS NULL AND special = 'nan'"), 1);
  EXPECT_EQ(database.integer("SELECT count(*) FROM v_metrics WHERE special = 'inf'"), 1);
  EXPECT_EQ(database.integer("SELECT non_finite = 'loss=nan train_loss=inf' AND loss IS NULL FROM v_runs"), 1);
}

TEST_F(StoreTest, PointsOfOneStepAreAllKeptInOrder) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  const std::int64_t id = store_run(store, sample_context(), sample_outcome(0.5, 1.0),
                                    {{.series = "loss", .step = 1, .value = 3.0},
                                     {.series = "accuracy", .step = 1, .seconds = 0.5, .samples = 6, .wire_bytes = 8},
                                     {.series = "loss", .step = 1, .value = 2.0}});
  EXPECT_THAT(store.series(id), ElementsAre("accuracy", "loss"));
  ASSERT_EQ(store.points(id, "loss").size(), 2U);
  EXPECT_EQ(store.points(id, "loss")[1].value, 2.0);
  EXPECT_EQ(store.points(id, "accuracy")[0].samples, 6);
  EXPECT_EQ(store.points(id, "accuracy")[0].wire_bytes, 8);
  EXPECT_TRUE(store.points(id, "drift").empty());
}

TEST_F(StoreTest, NamesAreUniqueAndNeverNumbers) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  for (const char* name : {"", "", "mine", "mine", "mine"}) {
    store_run(store, sample_context("staged", 0, name), sample_outcome(0.5, 1.0));
  }
  std::vector<std::string> names;
  for (const RunRecord& run : store.runs()) names.push_back(run.name);
  EXPECT_THAT(names, ElementsAre("staged-w4-s0", "staged-w4-s0-2", "mine", "mine-2", "mine-3"));
  EXPECT_THAT(message_of([&] { store.sink()->begin(sample_context("staged", 0, "12")); }),
              HasSubstr("run name '12' is refused"));
  EXPECT_EQ(store.runs().size(), 5U);
}

TEST_F(StoreTest, FindsByNumberNameAndKeyPrefix) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  for (const char* key : {"abcd1111", "abcd2222"}) {
    RunContext context = sample_context();
    context.key = key;
    store_run(store, context, sample_outcome(0.5, 1.0));
  }
  EXPECT_EQ(store.find("2").run, 2);
  EXPECT_EQ(store.find("sync_sgd-w4-s0-2").run, 2);
  EXPECT_EQ(store.find("abcd1").run, 1);
  EXPECT_EQ(store.newest("abcd2222", "FINISHED")->run, 2);
  EXPECT_FALSE(store.newest("abcd2222", "FAILED").has_value());
  EXPECT_THROW(static_cast<void>(store.find("abcd")), UsageError);
  EXPECT_THAT(message_of([&] { return store.find("abcd"); }), HasSubstr("sync_sgd-w4-s0 (1), sync_sgd-w4-s0-2 (2)"));
  EXPECT_THAT(message_of([&] { return store.find("sync_sgd-w4-s1"); }), HasSubstr("did you mean 'sync_sgd-w4-s0'?"));
  EXPECT_THAT(message_of([&] { return store.find("99"); }), HasSubstr("no run '99'"));
}

TEST_F(StoreTest, FiltersByStatusAndStrategy) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  RunOutcome failed = sample_outcome(0.5, 1.0);
  failed.status = RunStatus::kFailed;
  store_run(store, sample_context("staged"), failed);
  store_run(store, sample_context("staged"), sample_outcome(0.5, 1.0));
  store_run(store, sample_context("local_sgd"), sample_outcome(0.5, 1.0));
  EXPECT_EQ(store.runs({.status = "FINISHED", .strategy = ""}).size(), 2U);
  EXPECT_EQ(store.runs({.status = "FINISHED", .strategy = "staged"}).size(), 1U);
}

TEST_F(StoreTest, ResumingDropsPointsAfterTheCheckpoint) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  RunOutcome killed = sample_outcome(0.5, 9.0);
  killed.status = RunStatus::kKilled;
  killed.steps = 20;
  killed.checkpoint = "runs.checkpoints/1";
  killed.resumable = true;
  const std::int64_t id = store_run(store, sample_context(), killed,
                                    {{.series = "loss", .step = 10, .value = 1.0},
                                     {.series = "loss", .step = 20, .value = 2.0},
                                     {.series = "loss", .step = 30, .value = 3.0}});
  EXPECT_TRUE(store.get(id).resumable);
  EXPECT_EQ(store.get(id).checkpoint_step, 20);

  const std::unique_ptr<RunSink> sink = store.resume_sink(id, 20);
  sink->begin(sample_context());
  EXPECT_EQ(sink->run_id(), id);
  EXPECT_EQ(store.get(id).status, "RUNNING");
  EXPECT_FALSE(store.get(id).resumable);
  EXPECT_EQ(store.points(id, "loss").size(), 2U);
  EXPECT_THAT(message_of([&] { store.resume_sink(id, 20)->begin(sample_context()); }), HasSubstr("is still running"));
  sink->record(std::vector<MetricPoint>{{.series = "loss", .step = 30, .value = 4.0}});
  sink->finish(sample_outcome(0.9, 5.0));

  EXPECT_EQ(store.points(id, "loss").back().value, 4.0);
  EXPECT_EQ(store.get(id).status, "FINISHED");
  EXPECT_EQ(store.get(id).seconds, 5.0);
  EXPECT_EQ(store.get(id).checkpoint, "");
  EXPECT_THAT(message_of([&] { store.resume_sink(id, 20)->begin(sample_context()); }), HasSubstr("is finished"));
  EXPECT_THAT(message_of([&] { store.resume_sink(9, 0)->begin(sample_context()); }), HasSubstr("no run 9 to resume"));
}

TEST_F(StoreTest, ResumingWithAnotherSpecIsRefused) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  RunOutcome killed = sample_outcome(0.5, 1.0);
  killed.status = RunStatus::kKilled;
  const std::int64_t id = store_run(store, sample_context("staged", 0), killed);
  EXPECT_THAT(message_of([&] { store.resume_sink(id, 0)->begin(sample_context("staged", 1)); }),
              HasSubstr("run 'staged-w4-s0' cannot be resumed: it has key"));
}

TEST_F(StoreTest, RemovingTakesEverythingAlongAndNothingElse) {
  Store store = Store::open(file(), Store::Mode::kWrite);
  for (int seed = 0; seed < 2; ++seed) {
    store_run(store, sample_context("staged", seed), sample_outcome(0.5, 1.0), {{.series = "loss", .step = 1}});
  }
  EXPECT_THROW(store.remove(std::vector<std::int64_t>{1, 99}), UsageError);
  EXPECT_EQ(store.runs().size(), 2U) << "all or none";
  store.remove(std::vector<std::int64_t>{1});
  EXPECT_EQ(store.runs().size(), 1U);
  Database database(file(), Database::Access::kReadOnly);
  EXPECT_EQ(database.integer("SELECT (SELECT count(*) FROM points) + (SELECT count(*) FROM worker_totals)"), 1 + 4);
}

TEST_F(StoreTest, ARunningRunCannotBeRemoved) {
  Store store = Store::open(file(), Store::Mode::kWrite);
  const std::unique_ptr<RunSink> sink = store.sink();
  sink->begin(sample_context());
  EXPECT_THAT(message_of([&] { store.remove(std::vector<std::int64_t>{sink->run_id()}); }), HasSubstr("still running"));
  sink->finish(sample_outcome(0.5, 1.0));
}

TEST_F(StoreTest, ASinkThatIsAbandonedLeavesAFailedRunWithItsPoints) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  {
    const std::unique_ptr<RunSink> sink = store.sink();
    sink->begin(sample_context());
    sink->record(std::vector<MetricPoint>{{.series = "loss", .step = 10, .value = 1.0}});
    sink->progress({.step = 10, .steps = 100, .seconds = 2.5, .train_loss = 1.0});
  }
  const RunRecord run = store.get(1);
  EXPECT_EQ(run.status, "FAILED");
  EXPECT_EQ(run.steps, 10);
  EXPECT_EQ(run.seconds, 2.5);
  EXPECT_EQ(store.points(1, "loss").size(), 1U);
}

TEST_F(StoreTest, ACheckpointMakesAFailedRunResumable) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  {
    const std::unique_ptr<RunSink> sink = store.sink();
    sink->begin(sample_context());
    sink->record(std::vector<MetricPoint>{{.series = "loss", .step = 10, .value = 1.0}});
    sink->checkpointed("runs.checkpoints/1", 10);
    EXPECT_EQ(store.points(1, "loss").size(), 1U) << "committed with the checkpoint";
  }
  EXPECT_TRUE(store.get(1).resumable);
  EXPECT_EQ(store.get(1).checkpoint_step, 10);
}

TEST_F(StoreTest, SeveralWritersShareOneFile) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  std::vector<std::thread> writers;
  for (int seed = 0; seed < 4; ++seed) {
    writers.emplace_back([this, seed] {
      const Store own = Store::open(file(), Store::Mode::kWrite);
      store_run(own, sample_context("staged", seed), sample_outcome(0.5, 1.0),
                std::vector<MetricPoint>(500, {.series = "loss", .step = 1, .value = 0.5}));
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(store.runs({.status = "FINISHED", .strategy = ""}).size(), 4U);
  for (std::int64_t id = 1; id <= 4; ++id) EXPECT_EQ(store.points(id, "loss").size(), 500U);
}

}  // namespace
}  // namespace sac
