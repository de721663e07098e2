#include "experiments/loader.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "datasets/image_files.h"
#include "experiments/runner.h"
#include "tests/experiments/fixture.h"
#include "tests/support/jpeg_maker.h"

namespace sac {
namespace {

using ::testing::HasSubstr;

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
    EXPECT_EQ(error_of([&] { batches.train_batch(0, 1, 5, 0, 1, batch); }), "step 5 cannot be read");
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

LoaderConfig config_for(const std::string& settings, const Company& company, bool in_files = false) {
  Dataset data;
  if (in_files) data.train.files = std::make_shared<const ImageFiles>("", Strings{}, 8, true, 1.0);
  return loader_config(spec_of("[data]\nname = 'fashion_mnist'\n" + settings).table("data"), data, company, 10);
}

TEST(LoaderConfigTest, TakesIdleCoresUnlessTold) {
  const Company two{.cores = 2, .computing = 1, .workers = 1};
  EXPECT_EQ(config_for("", two).threads, 0);
  EXPECT_EQ(config_for("flip = true", two).threads, 1);
  EXPECT_EQ(config_for("flip = true", two).ahead, 2);
  EXPECT_EQ(config_for("flip = true", {.cores = 2, .computing = 2, .workers = 8}).threads, 0);
  EXPECT_EQ(config_for("flip = true\nloader_threads = 3\nprefetch = 7", two).threads, 3);
  EXPECT_EQ(config_for("flip = true\nloader_threads = 3\nprefetch = 7", two).ahead, 7);
  EXPECT_EQ(config_for("flip = true\nloader_threads = 0", two).threads, 0);
}

TEST(LoaderConfigTest, DecodingTakesAllCoresOfTheProcess) {
  EXPECT_EQ(config_for("", {.cores = 8, .computing = 8, .workers = 64}, true).threads, 8);
  EXPECT_EQ(config_for("", {.cores = 8, .computing = 8, .workers = 64}, true).ahead, 1);
  EXPECT_EQ(config_for("", {.cores = 8, .processes = 4, .computing = 1, .workers = 1}, true).threads, 2);
  EXPECT_EQ(config_for("", {.cores = 2, .processes = 4, .computing = 1, .workers = 1}, true).threads, 1);
}

/// A folder of small pictures, and runs on it.
class LoaderRuns : public ::testing::Test {
 protected:
  LoaderRuns() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sac-loader-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    for (const std::string part : {"train", "test"}) {
      for (int i = 0; i < 12; ++i) write(part + (i % 2 == 0 ? "/cat/" : "/dog/") + std::to_string(i) + ".jpg", i);
    }
  }
  ~LoaderRuns() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, int i) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    const auto pixel = [i](unsigned y, unsigned x, int c) { return static_cast<int>(y * 2 + x * 3 + c * 20) + 5 * i; };
    std::ofstream(folder_ / name, std::ios::binary) << test::make_jpeg(30, 24, pixel);
  }
  [[nodiscard]] PreparedRun prepared(const std::string& data, const std::string& strategy, int slots) const {
    return prepare_run(spec_of("[data]\nname = 'image_folder'\nside = 16\nfolder = '" + folder_.string() + "'\n" +
                               data + "\n[model]\nname = 'linear'\n[strategy]\nname = '" + strategy +
                               "'\n[train]\nsteps = 9\nbatch_size = 4\n[cluster]\nworkers = 3\n"),
                       {.slots = slots});
  }
  [[nodiscard]] RunOutcome run(const std::string& data, const std::string& strategy = "local_sgd",
                               int slots = 2) const {
    MuteSink sink;
    return execute(prepared(data, strategy, slots), sink, [] { return std::string(); });
  }

  struct MuteSink final : MetricSink {
    void begin(const RunContext&) override {}
    void record(std::span<const MetricPoint>) override {}
    void progress(const Progress&) override {}
    void finish(const RunOutcome&) override {}
  };
  std::filesystem::path folder_;
};

TEST_F(LoaderRuns, ThreadsSlotsAndCacheChangeNoBit) {
  const std::string changes = "flip = true\nmixup = 0.2\nlabel_smoothing = 0.1\n";
  for (const std::string strategy : {"sync_sgd", "async_sgd"}) {
    for (const std::string crop : {"crop = 'random'\n", "crop = 'centre'\n"}) {
      const std::string hash = run(changes + crop + "loader_threads = 0", strategy, 1).params_sha256;
      for (const std::string loader : {"loader_threads = 1", "loader_threads = 4", "loader_threads = 4\nprefetch = 5",
                                       "cache = 'none'", "loader_threads = 0\ncache = 'none'"}) {
        EXPECT_EQ(run(changes + crop + loader, strategy).params_sha256, hash) << strategy << " " << crop << loader;
      }
    }
  }
  EXPECT_NE(run("").params_sha256, run("crop = 'centre'").params_sha256);
}

TEST_F(LoaderRuns, KeysDoNotTellHowDataAreLoaded) {
  const std::string key = prepared("", "sync_sgd", 1).context.key;
  EXPECT_EQ(prepared("loader_threads = 3\nprefetch = 2\ncache = 'none'", "sync_sgd", 1).context.key, key);
  EXPECT_NE(prepared("crop = 'centre'", "sync_sgd", 1).context.key, key);
}

TEST_F(LoaderRuns, AFileThatBreaksUnderWayIsNamedInOneError) {
  for (const std::string loader : {"loader_threads = 0", "loader_threads = 4\nprefetch = 3"}) {
    PreparedRun started = prepared(loader, "sync_sgd", 2);
    std::filesystem::resize_file(folder_ / "train/dog/7.jpg", 300);
    MuteSink sink;
    EXPECT_THAT(error_of([&] { execute(std::move(started), sink, [] { return std::string(); }); }),
                HasSubstr("train/dog/7.jpg: is no whole JPEG"));
    write("train/dog/7.jpg", 7);
  }
}

TEST_F(LoaderRuns, AStoppedRunEndsItsThreads) {
  const std::atomic<bool> stop = true;
  PreparedRun started = prepared("loader_threads = 4\nprefetch = 8", "sync_sgd", 2);
  started.job.stop = &stop;
  MuteSink sink;
  EXPECT_EQ(execute(std::move(started), sink, [] { return std::string(); }).status, RunStatus::kKilled);
}

}  // namespace
}  // namespace sac
