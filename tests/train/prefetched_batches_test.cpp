// Batches made ahead of training: the source's, whatever the threads.
#include "engine/train/prefetched_batches.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace sac {
namespace {

/// Batches that say who they are for; remembers which were made, and by whom.
class NamedBatches final : public BatchSource {
 public:
  [[nodiscard]] std::int64_t train_size() const override { return 100; }
  [[nodiscard]] std::int64_t eval_size() const override { return 10; }
  void train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const override {
    if (step == bad_step) throw DataError("step " + std::to_string(step) + " cannot be read");
    batch.inputs = big ? at::empty({std::int64_t{1} << 28}) : name_of(member, members, step, part, parts);
    batch.targets = at::full({1}, step, at::kLong);
    const std::lock_guard lock(mutex_);
    if (std::this_thread::get_id() != asker_) ahead_.emplace(member, step);
    ++made_;
    changed_.notify_all();
  }
  void eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const override {
    batch.inputs = at::full({end - begin}, 1.0);
  }

  static at::Tensor name_of(int member, int members, std::int64_t step, int part, int parts) {
    return at::full({2}, static_cast<double>(step) * 1e6 + member * 1e4 + members * 100 + part * 10 + parts,
                    at::kDouble);
  }
  /// Waits until a thread other than this one has made a batch.
  void wait_until_ahead(int member, std::int64_t step) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ahead_.contains({member, step}); });
  }
  [[nodiscard]] int made() const {
    const std::lock_guard lock(mutex_);
    return made_;
  }
  [[nodiscard]] std::int64_t last_step() const {
    const std::lock_guard lock(mutex_);
    std::int64_t last = 0;
    for (const auto& [member, step] : ahead_) last = std::max(last, step);
    return last;
  }

  std::int64_t bad_step = -1;
  bool big = false;

 private:
  std::thread::id asker_ = std::this_thread::get_id();
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::set<std::pair<int, std::int64_t>> ahead_;
  mutable int made_ = 0;
};

TEST(PrefetchedBatches, AreTheSourcesWhateverTheThreads) {
  const auto source = std::make_shared<NamedBatches>();
  for (const LoaderConfig config : {LoaderConfig{1, 1, 20}, LoaderConfig{4, 1, 20}, LoaderConfig{3, 5, 20}}) {
    const PrefetchedBatches batches(source, config);
    std::vector<Batch> own(64);
    for (std::int64_t step = 0; step < 20; ++step) {
      for (int member = 0; member < 64; ++member) {
        if ((step + member) % 7 == 3) continue;  // it rests
        Batch& batch = own[static_cast<std::size_t>(member)];
        batches.train_batch(member, 64, step, 0, 1, batch);
        ASSERT_TRUE(batch.inputs.equal(NamedBatches::name_of(member, 64, step, 0, 1))) << step << " " << member;
        ASSERT_EQ(batch.targets.item<std::int64_t>(), step);
      }
    }
  }
}

TEST(PrefetchedBatches, ServeManyThreadsAtOnce) {
  const PrefetchedBatches batches(std::make_shared<NamedBatches>(), {.threads = 2, .ahead = 2, .steps = 50});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> members;
  for (int member = 0; member < 8; ++member) {
    members.emplace_back([&, member] {
      Batch batch;
      for (std::int64_t step = 0; step < 50; ++step) {
        batches.train_batch(member, 8, step, 0, 1, batch);
        if (!batch.inputs.equal(NamedBatches::name_of(member, 8, step, 0, 1))) ++wrong;
      }
    });
  }
  for (std::thread& member : members) member.join();
  EXPECT_EQ(wrong, 0);
}

TEST(PrefetchedBatches, TellPartsApart) {
  const PrefetchedBatches batches(std::make_shared<NamedBatches>(), {.threads = 1, .ahead = 1, .steps = 9});
  Batch batch;
  for (std::int64_t step = 0; step < 9; ++step) {
    for (int part = 0; part < 2; ++part) {
      batches.train_batch(1, 2, step, part, 2, batch);
      EXPECT_TRUE(batch.inputs.equal(NamedBatches::name_of(1, 2, step, part, 2)));
    }
    batches.train_batch(1, 2, step, 1, 2, batch);
    EXPECT_TRUE(batch.inputs.equal(NamedBatches::name_of(1, 2, step, 1, 2))) << "a step's batch, asked for again";
  }
}

TEST(PrefetchedBatches, AreMadeAheadButNotBeyondTheEndOrTheLimit) {
  const auto source = std::make_shared<NamedBatches>();
  {
    const PrefetchedBatches batches(source, {.threads = 2, .ahead = 3, .steps = 6});
    Batch batch;
    batches.train_batch(0, 1, 0, 0, 1, batch);
    batches.train_batch(0, 1, 1, 0, 1, batch);
    source->wait_until_ahead(0, 3);
    batches.train_batch(0, 1, 4, 0, 1, batch);
    source->wait_until_ahead(0, 5);
  }
  EXPECT_EQ(source->last_step(), 5);
  EXPECT_LE(source->made(), 7);
}

TEST(PrefetchedBatches, AnErrorSurfacesInTheStepThatNeedsTheBatch) {
  const auto source = std::make_shared<NamedBatches>();
  source->bad_step = 5;
  for (const int threads : {1, 4}) {
    const PrefetchedBatches batches(source, {.threads = threads, .ahead = 4, .steps = 20});
    Batch batch;
    for (std::int64_t step = 0; step < 5; ++step) batches.train_batch(0, 1, step, 0, 1, batch);
    EXPECT_THAT([&] { batches.train_batch(0, 1, 5, 0, 1, batch); },
                testing::ThrowsMessage<DataError>("step 5 cannot be read"));
    batches.train_batch(0, 1, 6, 0, 1, batch);
    EXPECT_EQ(batch.targets.item<std::int64_t>(), 6);
  }
}

TEST(PrefetchedBatches, AMemberThatRestsDoesNotHoldTheMemoryForEver) {
  const auto source = std::make_shared<NamedBatches>();
  source->big = true;  // one batch fills it
  const PrefetchedBatches batches(source, {.threads = 1, .ahead = 1, .steps = 100});
  Batch batch;
  batches.train_batch(0, 2, 0, 0, 1, batch);
  source->wait_until_ahead(0, 1);
  for (std::int64_t step = 0; step < 20; ++step) batches.train_batch(1, 2, step, 0, 1, batch);
  source->wait_until_ahead(1, 20);
}

}  // namespace
}  // namespace sac
