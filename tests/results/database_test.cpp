#include "results/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "engine/core/error.h"
#include "results/schema.h"
#include "tests/results/fixture.h"

namespace sac {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

using DatabaseTest = ResultsTest;

std::string open_error(const std::filesystem::path& file, Store::Mode mode) {
  return message_of([&] { Store::open(file, mode); });
}

TEST_F(DatabaseTest, ReadingNeverCreatesAFile) {
  EXPECT_EQ(open_error(file(), Store::Mode::kRead), "no database '" + file().string() + "'");
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(DatabaseTest, AFileThatIsNotSqliteIsNamedAndLeftAlone) {
  const std::string content(4096, 'x');
  std::ofstream(file()) << content;
  for (const Store::Mode mode : {Store::Mode::kRead, Store::Mode::kWrite}) {
    EXPECT_THAT(open_error(file(), mode), HasSubstr(file().string() + "' is not a sactool database"));
  }
  std::ifstream in(file());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), content);
}

TEST_F(DatabaseTest, AForeignDatabaseIsRefused) {
  Database foreign(file(), Database::Access::kCreate);
  foreign.execute("CREATE TABLE theirs (a)");
  EXPECT_THAT(open_error(file(), Store::Mode::kWrite), HasSubstr("is not a sactool database (it belongs to another"));
  foreign.execute("PRAGMA application_id = 1");
  EXPECT_THAT(open_error(file(), Store::Mode::kRead), HasSubstr("is not a sactool database"));
  EXPECT_EQ(foreign.integer("SELECT count(*) FROM sqlite_master"), 1);
}

TEST_F(DatabaseTest, AnEmptyFileIsNewForWritersAndForeignForReaders) {
  std::ofstream(file()).close();
  EXPECT_THAT(open_error(file(), Store::Mode::kRead), EndsWith("is not a sactool database (it is empty)"));
  EXPECT_EQ(open_error(file(), Store::Mode::kWrite), "");
}

TEST_F(DatabaseTest, ANewerSchemaIsRefused) {
  Store::open(file(), Store::Mode::kWrite);
  Database(file(), Database::Access::kReadWrite).execute("PRAGMA user_version = 99");
  EXPECT_THAT(open_error(file(), Store::Mode::kRead), HasSubstr("has schema version 99, newer than this sactool's 3"));
}

TEST_F(DatabaseTest, AFolderAndAMissingFolderAreNamed) {
  std::filesystem::create_directory(file("folder"));
  EXPECT_THAT(open_error(file("folder"), Store::Mode::kWrite), HasSubstr("it is a folder"));
  EXPECT_THAT(open_error(file("nowhere") / "runs.db", Store::Mode::kWrite), HasSubstr("no folder '"));
}

TEST_F(DatabaseTest, AFullDiskIsOneLineAndChangesNothing) {
  Database database = open_for_writing(file());
  database.execute("PRAGMA max_page_count = 20");
  const std::string message = message_of([&] {
    Transaction transaction(database);
    Statement insert(database, "INSERT INTO series (name) VALUES (?)");
    for (int row = 0;; ++row) insert.bind(std::string_view(std::to_string(row) + std::string(1000, 'x'))).run();
  });
  EXPECT_EQ(message, "database '" + file().string() + "' cannot grow: the disk is full");
  EXPECT_EQ(database.integer("SELECT count(*) FROM series"), 0);
}

/// Exits with 0 when `holds()` is true for a user without special rights: root may write anywhere.
template <class Check>
[[noreturn]] void exit_as_plain_user(Check holds) {
  constexpr uid_t kNobody = 65534;
  if (geteuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0)) _exit(2);
  _exit(holds() ? 0 : 1);
}

TEST_F(DatabaseTest, AReadOnlyFileIsReadButNotWritten) {
  store_run(Store::open(file(), Store::Mode::kWrite), sample_context(), sample_outcome(0.5, 1.0));
  std::filesystem::permissions(file(), std::filesystem::perms(0444));
  std::filesystem::permissions(file().parent_path(), std::filesystem::perms(0777));
  const auto holds = [this] {
    Store store = Store::open(file(), Store::Mode::kRead);
    const std::string removing = message_of([&] { store.remove(std::vector<std::int64_t>{1}); });
    const std::string expected = "database '" + file().string() + "' is read-only";
    return store.runs().size() == 1 && removing == expected && open_error(file(), Store::Mode::kWrite) == expected;
  };
  EXPECT_EXIT(exit_as_plain_user(holds), testing::ExitedWithCode(0), "");
}

TEST_F(DatabaseTest, AReadOnlyFolderIsReadButNotWritten) {
  store_run(Store::open(file(), Store::Mode::kWrite), sample_context(), sample_outcome(0.5, 1.0));
  std::filesystem::permissions(file(), std::filesystem::perms(0666));
  std::filesystem::permissions(file().parent_path(), std::filesystem::perms(0555));
  const auto holds = [this] {
    return Store::open(file(), Store::Mode::kRead).runs().size() == 1 &&
           open_error(file(), Store::Mode::kWrite).ends_with("' is read-only") &&
           open_error(file("new.db"), Store::Mode::kWrite).ends_with("' is read-only");
  };
  EXPECT_EXIT(exit_as_plain_user(holds), testing::ExitedWithCode(0), "");
  std::filesystem::permissions(file().parent_path(), std::filesystem::perms(0755));
}

TEST_F(DatabaseTest, AStatementKeepsTextWithZeroBytesAndQuotes) {
  Database database(file(), Database::Access::kCreate);
  const std::string text("a'\0\"b\n", 6);
  Statement echo(database, "SELECT ?");
  ASSERT_TRUE(echo.bind(std::string_view(text)).step());
  EXPECT_EQ(echo.text(0), text);
}

}  // namespace
}  // namespace sac
