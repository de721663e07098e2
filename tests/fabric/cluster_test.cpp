#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/support/toy.h"

namespace sac::test {
namespace {

/// A strategy whose step is a function.
class Script final : public Strategy {
 public:
  explicit Script(std::function<void(Worker&)> body) : body_(std::move(body)) {}
  void step(Worker& worker) override { body_(worker); }

 private:
  std::function<void(Worker&)> body_;
};

RunOutcome play(ToyRun run, const std::function<void(Worker&)>& body) {
  run.custom = [&body] { return std::make_unique<Script>(body); };
  return run.run();
}

/// Fails the test from a worker's thread.
void expect_equal(const at::Tensor& got, const at::Tensor& wanted) {
  EXPECT_TRUE(at::equal(got, wanted)) << got << wanted;
}

at::Tensor ramp(int rank, std::int64_t count) {
  return at::arange(count, at::TensorOptions(at::kDouble)).add_(100.0 * rank);
}

class Sizes : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(Sizes, CollectivesEqualTheirClosedForms) {
  const auto [workers, count] = GetParam();
  ToyRun run;
  run.workers = workers;
  run.steps = 1;
  play(run, [&, k = workers, n = count](Worker& worker) {
    Communicator& comm = worker.comm();
    const int rank = comm.rank();
    const double ranks = 0.5 * (k - 1);
    at::Tensor tensor = ramp(rank, n);
    comm.all_reduce(tensor, Reduce::kMean);
    EXPECT_TRUE(at::allclose(tensor, ramp(0, n) + 100.0 * ranks));
    tensor = ramp(rank, n);
    comm.all_reduce(tensor, Reduce::kSum);
    expect_equal(tensor, ramp(0, n) * k + 100.0 * ranks * k);
    tensor = ramp(rank, n);
    comm.all_reduce(tensor, Reduce::kMax);
    expect_equal(tensor, ramp(k - 1, n));
    tensor = ramp(rank, n);
    comm.broadcast(tensor, k / 2);
    expect_equal(tensor, ramp(k / 2, n));
    at::Tensor all = at::empty({k * n}, at::TensorOptions(at::kDouble));
    comm.all_gather(ramp(rank, n), all);
    for (int r = 0; r < k; ++r) expect_equal(all.narrow(0, r * n, n), ramp(r, n));
    at::Tensor slice = at::empty({n}, at::TensorOptions(at::kDouble));
    comm.reduce_scatter(ramp(rank, k * n), slice, Reduce::kSum);
    expect_equal(slice, ramp(0, k * n).narrow(0, rank * n, n) * k + 100.0 * ranks * k);
    comm.barrier();
  });
}

INSTANTIATE_TEST_SUITE_P(Cluster, Sizes,
                         testing::Combine(testing::Values(1, 2, 3, 4, 7, 32), testing::Values(1, 5, 20000)));

TEST(Cluster, AllReduceTakesTheClosedFormAndEverySecondHasAnOwner) {
  ToyRun run;
  run.workers = 4;
  run.steps = 7;
  const RunOutcome outcome = run.run();
  const double bytes = 19 * 8;
  const double step = 0.01 + 2 * 3 * 1e-3 + 2 * 0.75 * bytes / 1e5;
  EXPECT_NEAR(outcome.seconds, 7 * step, 1e-12);
  for (const WorkerTotals& worker : outcome.workers) {
    EXPECT_NEAR(worker.compute_s, 0.07, 1e-12);
    EXPECT_NEAR(worker.communication_s, 7 * (step - 0.01), 1e-12);
    EXPECT_NEAR(worker.waiting_s, 0.0, 1e-12);
    EXPECT_EQ(worker.payload_bytes, 7 * 19 * 8);
    EXPECT_EQ(worker.messages, 7 * 6);
  }
}

TEST(Cluster, TheSlowestIsWaitedFor) {
  ToyRun run;
  run.compute.speeds = {1.0, 0.5, 1.0, 2.0};
  run.steps = 3;
  const RunOutcome outcome = run.run();
  const double waited[] = {0.01, 0.0, 0.01, 0.015};
  for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(outcome.workers[k].waiting_s, 3 * waited[k], 1e-12);
}

TEST(Cluster, TimesAddUpForEveryStrategyAndComputeModel) {
  for (const std::string& name : Registry<StrategyEntry>::instance().names()) {
    for (const char* model : {"constant", "lognormal", "shifted_exponential", "pareto"}) {
      ToyRun run;
      run.strategy = name;
      run.compute.model = model;
      const RunOutcome outcome = run.run();
      for (const WorkerTotals& w : outcome.workers) {
        EXPECT_NEAR(w.compute_s + w.communication_s + w.waiting_s + w.idle_s, outcome.seconds, 1e-9)
            << name << " " << model;
      }
    }
  }
}

TEST(Cluster, OverlappedBucketsHideBehindTheBackwardPass) {
  ToyRun plain;
  plain.layers = {100, 100, 100, 100};
  plain.network.bandwidth_Bps = 1e6;
  plain.network.latency_s = 0.0;
  ToyRun overlapped = plain;
  overlapped.options = {{"bucket_mib", 1e-6}, {"overlap", true}};
  const RunOutcome slow = plain.run();
  const RunOutcome fast = overlapped.run();
  EXPECT_EQ(slow.params_sha256, fast.params_sha256);
  // A bucket takes 1.2 ms, a layer's backward 1/6 of 10 ms: all but the last bucket hide entirely.
  const double bucket = 2 * 0.75 * 800 / 1e6;
  EXPECT_NEAR(fast.seconds, 12 * (0.01 + bucket), 1e-9);
  EXPECT_NEAR(fast.workers[0].hidden_communication_s, 12 * 3 * bucket, 1e-9);
  EXPECT_NEAR(fast.workers[0].communication_s, 12 * bucket, 1e-9);
}

TEST(Cluster, MessagesMatchBySourceAndTagInOrder) {
  ToyRun run;
  run.workers = 3;
  run.steps = 1;
  play(run, [](Worker& worker) {
    Communicator& comm = worker.comm();
    if (comm.rank() != 0) {
      comm.send(ramp(comm.rank(), 3), 0, 1);
      comm.send(ramp(10 * comm.rank(), 3), 0, 1);
      comm.send(ramp(7, 3), 0, comm.rank() + 20);
      return;
    }
    at::Tensor got = at::zeros({3}, at::TensorOptions(at::kDouble));
    for (const int wanted : {2, 20}) {
      comm.recv(got, 2, 1);
      expect_equal(got, ramp(wanted, 3));
    }
    comm.recv(got, Communicator::kAnySource, 22);
    for (const int wanted : {1, 10}) {
      comm.recv(got, 1, 1);
      expect_equal(got, ramp(wanted, 3));
    }
    comm.recv(got, 1, 21);
  });
}

TEST(Cluster, SplitGroupsReduceAmongThemselves) {
  ToyRun run;
  run.workers = 6;
  run.steps = 1;
  play(run, [](Worker& worker) {
    const auto group = worker.comm().split(worker.rank() % 2);
    EXPECT_EQ(group->size(), 3);
    EXPECT_EQ(group->rank(), worker.rank() / 2);
    at::Tensor tensor = at::full({2}, worker.rank(), at::TensorOptions(at::kDouble));
    group->all_reduce(tensor, Reduce::kSum);
    expect_equal(tensor, at::full({2}, worker.rank() % 2 == 0 ? 6.0 : 9.0, at::TensorOptions(at::kDouble)));
  });
}

TEST(Cluster, DeadlockNamesEveryWorkersPendingOperation) {
  ToyRun run;
  run.workers = 2;
  run.steps = 1;
  try {
    play(run, [](Worker& worker) {
      at::Tensor tensor = ramp(0, 3);
      if (worker.rank() == 0) {
        worker.comm().recv(tensor, 1);
      } else {
        worker.comm().all_reduce(tensor, Reduce::kSum);
      }
    });
    FAIL() << "no deadlock reported";
  } catch (const CommunicationError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("worker 0: recv from worker 1 of 3"),
                                             testing::HasSubstr("worker 1: all_reduce of 3")));
  }
}

TEST(Cluster, MismatchedCollectivesNameBothCalls) {
  ToyRun run;
  run.workers = 2;
  run.steps = 1;
  try {
    play(run, [](Worker& worker) {
      at::Tensor tensor = ramp(0, 3 + worker.rank());
      worker.comm().all_reduce(tensor, Reduce::kSum);
    });
    FAIL() << "no mismatch reported";
  } catch (const CommunicationError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("all_reduce of 3 x Double"),
                                             testing::HasSubstr("all_reduce of 4 x Double")));
  }
}

TEST(Cluster, AnErrorInOneWorkerEndsTheRun) {
  ToyRun run;
  EXPECT_THROW(play(run,
                    [](Worker& worker) {
                      if (worker.rank() == 2 && worker.step() == 3) throw RunError("worker 2 broke");
                      worker.comm().barrier();
                    }),
               RunError);
}

TEST(Cluster, EvaluationCostsNoTimeAndChangesNothing) {
  ToyRun run;
  run.strategy = "staged";
  const RunOutcome quiet = run.run();
  run.eval_every = 1;
  MemorySink sink;
  const RunOutcome watched = run.run(sink);
  EXPECT_EQ(quiet.seconds, watched.seconds);
  EXPECT_EQ(quiet.params_sha256, watched.params_sha256);
  EXPECT_EQ(sink.series("loss").size(), 12U);
}

TEST(Cluster, ManyWorkersOnFewSlots) {
  ToyRun run;
  run.workers = 300;
  run.steps = 3;
  run.slots = 2;
  EXPECT_GT(run.run().seconds, 0.0);
}

}  // namespace
}  // namespace sac::test
