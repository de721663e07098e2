#include "datasets/location.h"

#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using test::Environment;
using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class LocationTest : public ::testing::Test {
 protected:
  LocationTest() {
    entry_ = {.name = "tiny"};
    entry_.files = {test::known("one.bin", "1"), test::known("two.bin", "2")};
    entry_.folders = {"tiny", "Tiny/raw", ""};
    entry_.package = "dataset-tiny";
    entry_.downloads = {{.name = "one.bin.gz", .bytes = 1}};
  }

  void put(const std::filesystem::path& folder) const {
    test::write_file(folder / "one.bin", "1");
    test::write_file(folder / "two.bin", "2");
  }
  std::filesystem::path found(const DataLocation& location) const { return locate(entry_, location).folder; }

  test::TempFolder folder_;
  Environment data_{"SACTOOL_DATA", (folder_ / "data").string()};
  Environment cache_{"XDG_CACHE_HOME", (folder_ / "cache").string()};
  Environment home_{"HOME", (folder_ / "home").string()};
  DatasetEntry entry_{};
};

TEST_F(LocationTest, SearchesInOrder) {
  const auto argument = folder_ / "argument";
  put(folder_ / "cache/sactool/data/tiny");
  std::filesystem::create_directories(argument);
  EXPECT_EQ(found({.data_dir = argument}), folder_ / "cache/sactool/data/tiny");
  put(folder_ / "data");
  EXPECT_EQ(found({.data_dir = argument}), folder_ / "data");
  put(argument / "Tiny/raw");
  EXPECT_EQ(found({.data_dir = argument}), argument / "Tiny/raw");
  put(argument / "tiny");
  EXPECT_EQ(found({.data_dir = argument}), argument / "tiny");
  EXPECT_EQ(found({}), folder_ / "data");
}

TEST_F(LocationTest, EndsWhereDebianPutsData) { EXPECT_EQ(data_roots({}).back(), "/usr/share/datasets"); }

TEST_F(LocationTest, UsesTheHomeFolderWithoutACacheVariable) {
  const Environment none("XDG_CACHE_HOME", std::nullopt);
  const Environment no_data("SACTOOL_DATA", std::nullopt);
  EXPECT_EQ(fetch_root({}), folder_ / "home/.cache/sactool/data");
}

TEST_F(LocationTest, IgnoresEmptyAndRelativeVariables) {
  const Environment relative("XDG_CACHE_HOME", "cache");
  const Environment empty("SACTOOL_DATA", "");
  EXPECT_EQ(data_roots({}).front(), folder_ / "home/.cache/sactool/data");
}

TEST_F(LocationTest, FetchesIntoTheFirstPlaceSearched) {
  EXPECT_EQ(fetch_root({}), folder_ / "data");
  EXPECT_EQ(fetch_root({.data_dir = "here"}), "here");
}

TEST_F(LocationTest, SaysWhenThereIsNoPlaceForData) {
  const Environment no_cache("XDG_CACHE_HOME", std::nullopt);
  const Environment no_data("SACTOOL_DATA", std::nullopt);
  const Environment no_home("HOME", std::nullopt);
  EXPECT_THAT(message_of<DataError>([] { fetch_root({}); }), HasSubstr("--data-dir"));
}

TEST_F(LocationTest, ListsEveryPlaceAndTheCure) {
  test::write_file(folder_ / "data/tiny/one.bin", "1");
  EXPECT_THAT(message_of<DataError>([&] { found({}); }),
              AllOf(HasSubstr("data set 'tiny' was not found"), HasSubstr("tiny, Tiny/raw, ."),
                    HasSubstr((folder_ / "data/tiny").string() + " (lacks two.bin)"),
                    HasSubstr((folder_ / "cache/sactool/data").string() + " (no such folder)"),
                    HasSubstr("/usr/share/datasets"), HasSubstr("`sactool data fetch tiny`"),
                    HasSubstr("Debian package dataset-tiny")));
}

TEST_F(LocationTest, RefusesADataDirThatIsNoFolder) {
  EXPECT_THAT(message_of<DataError>([&] { found({.data_dir = folder_ / "absent"}); }),
              AllOf(HasSubstr("--data-dir"), HasSubstr("absent"), HasSubstr("is not a folder")));
}

}  // namespace
}  // namespace sac
