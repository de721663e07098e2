#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "datasets/dataset.h"
#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

/// `sactool data ...` in this process, with a cache of its own.
class DataCommandTest : public ::testing::Test {
 protected:
  /// Runs it and returns what it wrote to stdout.
  static std::string run(const std::vector<std::string>& words) {
    CLI::App app;
    const Globals globals{.quiet = true};
    CLI::App* data = app.add_subcommand("data");
    const auto act = Registry<CommandEntry>::instance().at("data").add(*data, globals);
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    reversed.emplace_back("data");
    app.parse(reversed);
    ::testing::internal::CaptureStdout();
    try {
      EXPECT_EQ(act(), ExitCode::kOk);
    } catch (const Error&) {
      output_of_failure = ::testing::internal::GetCapturedStdout();
      throw;
    }
    return ::testing::internal::GetCapturedStdout();
  }

  static inline std::string output_of_failure;
  test::TempFolder folder_;
  test::Environment cache_{"XDG_CACHE_HOME", (folder_ / "cache").string()};
  test::Environment data_{"SACTOOL_DATA", std::nullopt};
  const std::string debian_ = "/usr/share/datasets/fashion-mnist";
};

TEST_F(DataCommandTest, ListsEveryDataSet) {
  const std::string text = run({"list"});
  for (const char* word : {"blobs", "generated", "cifar10", "3x32x32", "184.4 MB", "fashion_mnist", "mnist", "60000"}) {
    EXPECT_THAT(text, HasSubstr(word));
  }
  EXPECT_THAT(text, HasSubstr(debian_));
}

TEST_F(DataCommandTest, ListsAsJson) {
  const auto array = nlohmann::json::parse(run({"list", "--json"}));
  ASSERT_EQ(array.size(), Registry<DatasetEntry>::instance().names().size());
  EXPECT_EQ(array[0]["name"], "blobs");
  EXPECT_TRUE(array[0]["generated"].get<bool>());
  EXPECT_TRUE(array[1]["found"].is_null());
  EXPECT_EQ(array[3]["found"], debian_);
  EXPECT_EQ(array[3]["train_samples"], 60000);
  EXPECT_EQ(array[3]["shape"], (nlohmann::json{1, 28, 28}));
}

TEST_F(DataCommandTest, FetchesIntoTheCacheAndVerifies) {
  const fs::path place = folder_ / "cache/sactool/data/fashion_mnist";
  EXPECT_EQ(run({"fetch", "fashion_mnist", "--from", debian_}), place.string() + "\n");
  EXPECT_THAT(run({"verify", "fashion_mnist"}), AllOf(HasSubstr("ok"), HasSubstr(place.string())));
}

TEST_F(DataCommandTest, FetchesNothingThatIsThere) { EXPECT_EQ(run({"fetch", "fashion_mnist"}), debian_ + "\n"); }

TEST_F(DataCommandTest, VerifyNamesWrongFilesAndGoesOn) {
  for (const auto& item : fs::directory_iterator(debian_)) {
    fs::create_directories(folder_ / "mine");
    fs::create_symlink(item.path(), folder_ / ("mine/" + item.path().filename().string()));
  }
  fs::remove(folder_ / "mine/t10k-labels-idx1-ubyte.gz");
  test::write_gzip(folder_ / "mine/t10k-labels-idx1-ubyte.gz", "no labels");
  const auto verify = [&] { run({"verify", "fashion_mnist", "--data-dir", (folder_ / "mine").string()}); };
  EXPECT_THAT(message_of<DataError>(verify), HasSubstr("mine/t10k-labels-idx1-ubyte.gz: truncated"));
  EXPECT_THAT(output_of_failure, HasSubstr("WRONG"));
}

TEST_F(DataCommandTest, VerifyOfAllPassesOverWhatIsNotFound) {
  EXPECT_THAT(run({"verify"}), AllOf(HasSubstr("not found"), HasSubstr("generated"), HasSubstr("ok")));
}

TEST_F(DataCommandTest, SaysWhatCannotBeDone) {
  EXPECT_THAT(message_of<ConfigError>([] { run({"fetch", "fashion"}); }), HasSubstr("unknown data set 'fashion'"));
  EXPECT_THAT(message_of<ConfigError>([] { run({"fetch", "blobs"}); }), HasSubstr("nothing to fetch"));
  EXPECT_THAT(message_of<DataError>([] { run({"verify", "cifar10"}); }), HasSubstr("`sactool data fetch cifar10`"));
  EXPECT_THAT(message_of<DataError>([] { run({"list", "--data-dir", "absent"}); }), HasSubstr("'absent'"));
  EXPECT_THAT(message_of<DataError>([] { run({"fetch", "mnist", "--from", "absent"}); }), HasSubstr("'absent'"));
}

}  // namespace
}  // namespace sac
