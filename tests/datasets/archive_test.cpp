#include "datasets/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

struct Member {
  std::string name;
  std::string content{};
  unsigned type = AE_IFREG;
  std::string symlink{};
  std::string hardlink{};
};

void write_archive(const fs::path& path, const std::vector<Member>& members) {
  struct archive* writer = archive_write_new();
  archive_write_add_filter_gzip(writer);
  archive_write_set_format_pax_restricted(writer);
  archive_write_open_filename(writer, path.c_str());
  for (const Member& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.name.c_str());
    archive_entry_set_filetype(entry, member.type);
    archive_entry_set_perm(entry, 0777);
    if (!member.symlink.empty()) archive_entry_set_symlink(entry, member.symlink.c_str());
    if (!member.hardlink.empty()) archive_entry_set_hardlink(entry, member.hardlink.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    archive_write_header(writer, entry);
    archive_write_data(writer, member.content.data(), member.content.size());
    archive_entry_free(entry);
  }
  archive_write_free(writer);
}

class ArchiveTest : public ::testing::Test {
 protected:
  void pack(const std::vector<Member>& members) const { write_archive(archive_, members); }

  /// Unpacking fails, names the entry, and leaves nothing inside nor outside of the folder.
  void expect_refused(const Member& bad, const std::string& why) const {
    SCOPED_TRACE(bad.name + " -> " + bad.symlink + bad.hardlink);
    pack({{.name = "good.txt", .content = "good"}, bad});
    EXPECT_THAT(message_of<DataError>([&] { unpack(archive_, folder_); }),
                AllOf(HasSubstr(archive_.string()), HasSubstr("\"" + bad.name + "\""), HasSubstr(why)));
    EXPECT_TRUE(fs::is_empty(folder_));
    EXPECT_FALSE(fs::exists(temp_ / "evil.txt"));
  }

  test::TempFolder temp_;
  fs::path archive_ = temp_ / "a.tar.gz";
  fs::path folder_ = temp_ / "folder";
};

TEST_F(ArchiveTest, UnpacksFilesFoldersAndLinks) {
  pack({{.name = "top/", .type = AE_IFDIR},
        {.name = "top/one.txt", .content = "one"},
        {.name = "top/deep/two.txt", .content = std::string(300000, 'x')},
        {.name = "top/deep/up", .type = AE_IFLNK, .symlink = "../one.txt"},
        {.name = "top/same.txt", .hardlink = "top/one.txt"}});
  unpack(archive_, folder_);
  EXPECT_EQ(test::read_file(folder_ / "top/one.txt"), "one");
  EXPECT_EQ(test::read_file(folder_ / "top/deep/two.txt").size(), 300000U);
  EXPECT_EQ(test::read_file(folder_ / "top/deep/up"), "one");
  EXPECT_EQ(test::read_file(folder_ / "top/same.txt"), "one");
  EXPECT_FALSE(fs::exists(folder_ / ".unpacking"));
}

TEST_F(ArchiveTest, ReplacesItsOwnFilesAndKeepsOthers) {
  test::write_file(folder_ / "mine.txt", "mine");
  test::write_file(folder_ / "top/one.txt", "old");
  pack({{.name = "top/one.txt", .content = "new"}});
  unpack(archive_, folder_);
  EXPECT_EQ(test::read_file(folder_ / "top/one.txt"), "new");
  EXPECT_EQ(test::read_file(folder_ / "mine.txt"), "mine");
}

TEST_F(ArchiveTest, RefusesPathsThatLeaveTheFolder) {
  expect_refused({.name = "../evil.txt", .content = "x"}, "contains '..'");
  expect_refused({.name = "a/../../evil.txt", .content = "x"}, "contains '..'");
  expect_refused({.name = (temp_ / "evil.txt").string(), .content = "x"}, "is an absolute path");
}

TEST_F(ArchiveTest, RefusesLinksThatLeaveTheFolder) {
  expect_refused({.name = "l", .type = AE_IFLNK, .symlink = "../evil.txt"}, "outside the folder");
  expect_refused({.name = "d/l", .type = AE_IFLNK, .symlink = "../../evil.txt"}, "outside the folder");
  expect_refused({.name = "l", .type = AE_IFLNK, .symlink = "/etc/passwd"}, "outside the folder");
  expect_refused({.name = "l", .type = AE_IFLNK, .symlink = "d/../../evil.txt"}, "outside the folder");
  expect_refused({.name = "h", .hardlink = "../a.tar.gz"}, "outside the folder");
  expect_refused({.name = "h", .hardlink = "/etc/passwd"}, "outside the folder");
}

TEST_F(ArchiveTest, RefusesDevicesAndPipes) {
  expect_refused({.name = "dev", .type = AE_IFCHR}, "neither a file, a folder nor a link");
  expect_refused({.name = "pipe", .type = AE_IFIFO}, "neither a file, a folder nor a link");
}

TEST_F(ArchiveTest, RefusesToWriteThroughALink) {
  pack({{.name = "d", .type = AE_IFLNK, .symlink = "."}, {.name = "d/x.txt", .content = "x"}});
  EXPECT_THAT(message_of<DataError>([&] { unpack(archive_, folder_); }), HasSubstr("d/x.txt"));
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(ArchiveTest, KeepsNothingOfATruncatedArchive) {
  std::string noise(200000, ' ');
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>((i * i * 2654435761U) >> 13);
  pack({{.name = "one.txt", .content = noise}, {.name = "two.txt", .content = noise}});
  const std::string bytes = test::read_file(archive_);
  test::write_file(archive_, bytes.substr(0, bytes.size() * 3 / 4));
  EXPECT_THAT(message_of<DataError>([&] { unpack(archive_, folder_); }), HasSubstr(archive_.string()));
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(ArchiveTest, NamesWhatIsNoArchive) {
  test::write_file(archive_, "<html>Not found</html>");
  EXPECT_THAT(message_of<DataError>([&] { unpack(archive_, folder_); }), HasSubstr(archive_.string()));
  EXPECT_THAT(message_of<DataError>([&] { unpack(temp_ / "absent", folder_); }), HasSubstr("absent"));
}

}  // namespace
}  // namespace sac
