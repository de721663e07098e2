#include "experiments/loader.h"

#include <atomic>
#include <filesystem>
#include <fstream>

#include "datasets/image_files.h"
#include "experiments/runner.h"
#include "tests/experiments/fixture.h"
#include "tests/support/jpeg_maker.h"

namespace sac {
namespace {

using ::testing::HasSubstr;

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
