#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <limits>

#include "results/database.h"
#include "results/process.h"
#include "results/store.h"
#include "tests/results/fixture.h"

namespace sac {
namespace {

using CrashTest = ResultsTest;

/// Writes for ever; tells `ready` after the second commit.
[[noreturn]] void write_for_ever(const std::filesystem::path& file, int ready) {
  const Store store = Store::open(file, Store::Mode::kWrite);
  const std::unique_ptr<RunSink> sink = store.sink();
  sink->begin(sample_context());
  for (std::int64_t step = 1;; ++step) {
    const std::vector<MetricPoint> points(200, {.series = "loss", .step = step, .value = 0.5});
    sink->record(points);
    sink->checkpointed("runs.checkpoints/1", step);
    if (step == 2 && write(ready, "x", 1) != 1) _exit(1);
  }
}

/// Starts a writing child and kills it once it has committed something.
ProcessId kill_a_writer(const std::filesystem::path& file) {
  int ready[2];
  EXPECT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) write_for_ever(file, ready[1]);
  close(ready[1]);
  char byte = 0;
  EXPECT_EQ(read(ready[0], &byte, 1), 1) << "the child ended early";
  close(ready[0]);
  const ProcessId writer = process_of(child);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return writer;
}

TEST_F(CrashTest, KilledWritersLeaveAWholeDatabaseAndCrashedRuns) {
  for (int round = 0; round < 5; ++round) kill_a_writer(file());
  const Store store = Store::open(file(), Store::Mode::kRead);
  const std::vector<RunRecord> runs = store.runs();
  ASSERT_EQ(runs.size(), 5U);
  for (const RunRecord& run : runs) {
    EXPECT_EQ(run.status, "CRASHED");
    EXPECT_TRUE(run.resumable);
    EXPECT_EQ(store.points(run.run, "loss").size() % 200, 0U) << "a batch is stored whole or not at all";
    EXPECT_GE(store.points(run.run, "loss").back().step, run.checkpoint_step);
  }
  Database database(file(), Database::Access::kReadOnly);
  Statement check(database, "PRAGMA integrity_check");
  ASSERT_TRUE(check.step());
  EXPECT_EQ(check.text(0), "ok");
}

TEST_F(CrashTest, ACrashedRunCanBeResumed) {
  kill_a_writer(file());
  const Store store = Store::open(file(), Store::Mode::kWrite);
  const std::unique_ptr<RunSink> sink = store.resume_sink(1, 1);
  sink->begin(sample_context());
  sink->finish(sample_outcome(0.5, 1.0));
  EXPECT_EQ(store.get(1).status, "FINISHED");
  EXPECT_EQ(store.get(1).error, "");
  EXPECT_EQ(store.points(1, "loss").size(), 200U);
}

TEST_F(CrashTest, AStaleHeartbeatReadsAsCrashedInTheView) {
  const Store store = Store::open(file(), Store::Mode::kWrite);
  store_run(store, sample_context(), sample_outcome(0.5, 1.0));
  Database database(file(), Database::Access::kReadWrite);
  database.execute(
      "UPDATE runs SET status = 'RUNNING', machine = 'elsewhere', "
      "heartbeat = (julianday('now') - 2440587.5) * 86400.0 - 16");
  EXPECT_EQ(store.get(1).status, "CRASHED");
  database.execute("UPDATE runs SET heartbeat = heartbeat + 10");
  EXPECT_EQ(store.get(1).status, "RUNNING");
  EXPECT_EQ(Store::open(file(), Store::Mode::kWrite).get(1).status, "RUNNING") << "another machine may be alive";
}

TEST_F(CrashTest, SomebodyElseMaySayHowADeadWritersRunEnded) {
  const ProcessId writer = kill_a_writer(file());
  Store store = Store::open(file(), Store::Mode::kRead);
  EXPECT_EQ(store.get(1).status, "CRASHED");
  EXPECT_TRUE(store.end_run_of(writer, RunStatus::kFailed, "rank 0 was killed by SIGKILL"));
  EXPECT_EQ(store.get(1).status, "FAILED");
  EXPECT_EQ(store.get(1).error, "rank 0 was killed by SIGKILL");
  EXPECT_NE(store.get(1).finished, "");
  EXPECT_FALSE(store.end_run_of(this_process(), RunStatus::kFailed, "no run of this process"));
}

TEST_F(CrashTest, NobodyTurnsAFinishedRunIntoAFailedOne) {
  Store store = Store::open(file(), Store::Mode::kWrite);
  store_run(store, sample_context(), sample_outcome(0.5, 1.0));
  EXPECT_FALSE(store.end_run_of(this_process(), RunStatus::kFailed, "too late"));
  EXPECT_EQ(store.get(1).status, "FINISHED");
  EXPECT_EQ(store.get(1).error, "");
}

TEST_F(CrashTest, AProcessIsKnownByItsStartToo) {
  ProcessId self = this_process();
  EXPECT_TRUE(maybe_alive(self));
  ++self.started;
  EXPECT_FALSE(maybe_alive(self)) << "its number was taken again";
  self.machine = "elsewhere";
  EXPECT_TRUE(maybe_alive(self));
  EXPECT_FALSE(maybe_alive({this_process().machine, std::numeric_limits<std::int32_t>::max(), 1}));
}

}  // namespace
}  // namespace sac
