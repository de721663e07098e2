#include "datasets/fetch.h"

#include "tests/datasets/fixture.h"
#include "tests/datasets/http_server.h"

namespace sac {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class FetchTest : public ::testing::Test {
 protected:
  FetchTest() { server_.files["/data.bin"] = content_; }

  [[nodiscard]] FileCheck check() const {
    return [this](const fs::path& path) { check_sha256(path, sha256_hex(content_)); };
  }
  void fetch() const { download(server_.url() + "/data.bin", target_, check()); }
  void expect_complete() const {
    EXPECT_EQ(test::read_file(target_), content_);
    EXPECT_FALSE(fs::exists(part_));
  }

  std::string content_ = std::string(50000, 'a') + std::string(50000, 'b');
  test::Environment direct_{"no_proxy", "127.0.0.1"};
  test::TempFolder folder_;
  fs::path target_ = folder_ / "data.bin";
  fs::path part_ = folder_ / "data.bin.part";
  test::HttpServer server_;
};

TEST_F(FetchTest, DownloadsAndReportsProgress) {
  std::int64_t last = 0;
  download(server_.url() + "/data.bin", target_, check(),
           [&](const std::string& name, std::int64_t done, std::int64_t) {
             EXPECT_EQ(name, "data.bin");
             EXPECT_GE(done, last);
             last = done;
           });
  expect_complete();
  EXPECT_EQ(last, 100000);
}

TEST_F(FetchTest, GoesOnAfterACut) {
  server_.cut_first_at = 30000;
  fetch();
  expect_complete();
  EXPECT_THAT(server_.requests(), ElementsAre("GET /data.bin", "GET /data.bin from 30000"));
}

TEST_F(FetchTest, GoesOnFromAnEarlierAttempt) {
  test::write_file(part_, content_.substr(0, 70000));
  fetch();
  expect_complete();
  EXPECT_THAT(server_.requests(), ElementsAre("GET /data.bin from 70000"));
}

TEST_F(FetchTest, StartsAgainWhenTheServerCannotResume) {
  server_.ranges = false;
  test::write_file(part_, content_.substr(0, 70000));
  fetch();
  expect_complete();
}

TEST_F(FetchTest, StartsAgainWhenThePartIsTooLong) {
  test::write_file(part_, content_ + "more");
  fetch();
  expect_complete();
}

TEST_F(FetchTest, StartsAgainWhenThePartIsOfAnotherFile) {
  test::write_file(part_, std::string(60000, 'z'));
  fetch();
  expect_complete();
}

TEST_F(FetchTest, RefusesAWrongHashAndLeavesNothing) {
  server_.files["/data.bin"][7] = '!';
  EXPECT_THAT(message_of<DataError>([&] { fetch(); }), AllOf(HasSubstr(server_.url() + "/data.bin gave a wrong file"),
                                                             HasSubstr("expected " + sha256_hex(content_))));
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(FetchTest, KeepsAnOlderFileWhenTheNewOneIsWrong) {
  test::write_file(target_, "old");
  server_.files["/data.bin"] = "wrong";
  EXPECT_THROW(fetch(), DataError);
  EXPECT_EQ(test::read_file(target_), "old");
}

TEST_F(FetchTest, NamesAnAddressThatHasNothing) {
  server_.files.clear();
  EXPECT_THAT(message_of<DataError>([&] { fetch(); }), AllOf(HasSubstr("/data.bin: "), HasSubstr("404")));
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(FetchTest, NamesAServerThatIsNotThere) {
  const auto nobody = [&] { download("http://127.0.0.1:1/data.bin", target_, check()); };
  EXPECT_THAT(message_of<DataError>(nobody), HasSubstr("http://127.0.0.1:1/data.bin: "));
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(FetchTest, UsesTheProxyOfTheEnvironment) {
  const test::Environment proxy("http_proxy", server_.url());
  server_.files["http://data.invalid/data.bin"] = content_;
  download("http://data.invalid/data.bin", target_, check());
  expect_complete();
}

TEST_F(FetchTest, ReadsAFolderWithUnusualNames) {
  const fs::path mirror = folder_ / "a b%20#c";
  test::write_file(mirror / "data.bin", content_);
  download(mirror_address(mirror.string()) + "data.bin", target_, check());
  expect_complete();
  EXPECT_THAT(message_of<DataError>([] { mirror_address("no/such/folder"); }), HasSubstr("'no/such/folder'"));
}

/// Two gzip files, fetched as a data set.
class FetchDatasetTest : public FetchTest {
 protected:
  FetchDatasetTest() {
    entry_ = {.name = "tiny"};
    entry_.files = {test::known("one.bin", "one"), test::known("two.bin", "two")};
    entry_.folders = {"tiny", ""};
    entry_.downloads = {{.name = "one.bin.gz"}, {.name = "two.bin.gz"}};
    test::write_gzip(mirror_ / "one.bin.gz", "one");
    test::write_gzip(mirror_ / "two.bin.gz", "two");
  }

  int fetch_all() const { return fetch_files(entry_, {mirror_address(mirror_.string())}, root_); }

  fs::path mirror_ = folder_ / "mirror";
  fs::path root_ = folder_ / "root";
  DatasetEntry entry_{};
};

TEST_F(FetchDatasetTest, FetchesWhatIsMissingOrWrong) {
  EXPECT_EQ(fetch_all(), 2);
  EXPECT_TRUE(find_files(entry_, {root_}).found());
  EXPECT_EQ(fetch_all(), 0);
  test::write_gzip(root_ / "tiny/two.bin.gz", "???");
  EXPECT_EQ(fetch_all(), 1);
  fs::remove(root_ / "tiny/one.bin.gz");
  EXPECT_EQ(fetch_all(), 1);
}

TEST_F(FetchDatasetTest, TriesTheNextMirror) {
  const Strings mirrors{server_.url() + "/", mirror_address(mirror_.string())};
  EXPECT_EQ(fetch_files(entry_, mirrors, root_), 2);
}

TEST_F(FetchDatasetTest, ListsWhatEachMirrorSaid) {
  test::write_gzip(mirror_ / "one.bin.gz", "two");
  const Strings mirrors{server_.url() + "/", mirror_address(mirror_.string())};
  EXPECT_THAT(message_of<DataError>([&] { fetch_files(entry_, mirrors, root_); }),
              AllOf(HasSubstr("cannot fetch one.bin.gz"), HasSubstr("404"), HasSubstr("gave a wrong file")));
  EXPECT_TRUE(fs::is_empty(root_ / "tiny"));
}

TEST_F(FetchDatasetTest, NamesAFileThatHidesTheFetchedOne) {
  test::write_file(root_ / "tiny/one.bin", "bad");
  EXPECT_THAT(message_of<DataError>([&] { fetch_all(); }), HasSubstr((root_ / "tiny/one.bin").string()));
}

TEST_F(FetchDatasetTest, NamesAPlaceItCannotWriteTo) {
  test::write_file(root_, "a file in the way");
  EXPECT_THAT(message_of<DataError>([&] { fetch_all(); }), HasSubstr("cannot write " + root_.string()));
}

}  // namespace
}  // namespace sac
