#include "datasets/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/value.h"

namespace sac {
namespace {

namespace fs = std::filesystem;

constexpr int kWriteFlags = ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT;

/// What libarchive's calls are about, for messages, and the two handles.
struct Unpacking {
  fs::path archive;
  fs::path folder;  ///< canonical, ours alone
  std::unique_ptr<::archive, int (*)(::archive*)> reader{archive_read_new(), archive_read_free};
  std::unique_ptr<::archive, int (*)(::archive*)> writer{archive_write_disk_new(), archive_write_free};

  [[noreturn]] void fail(const std::string& what) const { throw DataError(archive.string() + ": " + what); }
  void check(::archive* handle, la_ssize_t code, const std::string& what) const {
    if (code >= ARCHIVE_OK) return;
    const char* problem = archive_error_string(handle);
    fail(what + ": " + (problem == nullptr ? "unknown problem" : problem));
  }
};

bool has_dot_dot(const fs::path& path) {
  for (const fs::path& part : path) {
    if (part == "..") return true;
  }
  return false;
}

/// A symbolic link stays inside when its ".." come first and are no more than the folders above it.
bool stays_inside(const fs::path& link, const fs::path& target) {
  if (target.empty() || target.is_absolute()) return false;
  auto depth = std::distance(link.begin(), link.end()) - 1;
  bool descended = false;
  for (const fs::path& part : target) {
    if (part == ".." && (descended || --depth < 0)) return false;
    descended |= part != ".." && part != ".";
  }
  return true;
}

/// Why the entry may not be unpacked, or "".
std::string objection(archive_entry* entry, const fs::path& name) {
  if (name.empty()) return "has no readable name";
  if (name.is_absolute()) return "is an absolute path";
  if (has_dot_dot(name)) return "contains '..'";
  if (const char* target = archive_entry_hardlink(entry)) {
    const bool leaves = fs::path(target).is_absolute() || has_dot_dot(target);
    return leaves ? "is a link to " + to_toml(Value(std::string(target))) + ", outside the folder" : "";
  }
  const auto type = archive_entry_filetype(entry);
  if (type == AE_IFLNK) {
    const char* target = archive_entry_symlink(entry);
    const std::string text = target == nullptr ? "" : target;
    return stays_inside(name.lexically_normal(), text)
               ? ""
               : "is a link to " + to_toml(Value(text)) + ", outside the folder";
  }
  return type == AE_IFREG || type == AE_IFDIR ? "" : "is neither a file, a folder nor a link";
}

void copy_data(Unpacking& work, const std::string& name) {
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  while (true) {
    const int code = archive_read_data_block(work.reader.get(), &block, &size, &offset);
    if (code == ARCHIVE_EOF) return;
    work.check(work.reader.get(), code, "entry " + name + " cannot be read");
    work.check(work.writer.get(), archive_write_data_block(work.writer.get(), block, size, offset),
               "entry " + name + " cannot be written");
  }
}

void unpack_entry(Unpacking& work, archive_entry* entry) {
  const char* raw = archive_entry_pathname(entry);
  const std::string name = raw == nullptr ? "" : raw;
  const std::string quoted = to_toml(Value(name));
  if (const std::string why = objection(entry, name); !why.empty()) {
    work.fail("entry " + quoted + " " + why + "; the archive is refused");
  }
  archive_entry_set_pathname(entry, (work.folder / name).c_str());
  if (const char* target = archive_entry_hardlink(entry)) {
    archive_entry_set_hardlink(entry, (work.folder / target).c_str());
  }
  archive_entry_set_perm(entry, archive_entry_filetype(entry) == AE_IFDIR ? 0755 : 0644);
  work.check(work.writer.get(), archive_write_header(work.writer.get(), entry), "entry " + quoted);
  copy_data(work, quoted);
  work.check(work.writer.get(), archive_write_finish_entry(work.writer.get()), "entry " + quoted);
}

void unpack_all(Unpacking& work) {
  archive_read_support_filter_gzip(work.reader.get());
  archive_read_support_format_tar(work.reader.get());
  archive_write_disk_set_options(work.writer.get(), kWriteFlags);
  work.check(work.reader.get(), archive_read_open_filename(work.reader.get(), work.archive.c_str(), 1 << 18),
             "is no .tar.gz archive");
  while (true) {
    archive_entry* entry = nullptr;
    const int code = archive_read_next_header(work.reader.get(), &entry);
    if (code == ARCHIVE_EOF) return;
    work.check(work.reader.get(), code, "is truncated or corrupt");
    unpack_entry(work, entry);
  }
}

/// Moves every file below `from` to the same place below `to`.
void move_files(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  std::vector<fs::path> paths;
  for (const auto& item : fs::recursive_directory_iterator(from)) paths.push_back(item.path());
  for (const fs::path& path : paths) {
    const fs::path target = to / path.lexically_relative(from);
    if (fs::is_directory(fs::symlink_status(path))) {
      fs::create_directories(target);
    } else {
      fs::rename(path, target);
    }
  }
}

/// Removes a folder with all it holds when it goes out of scope.
struct Scratch {
  fs::path folder;
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
};

}  // namespace

void unpack(const fs::path& archive, const fs::path& folder) try {
  fs::create_directories(folder);
  const Scratch scratch{fs::canonical(folder) / ".unpacking"};
  fs::remove_all(scratch.folder);
  fs::create_directory(scratch.folder);
  Unpacking work{.archive = archive, .folder = scratch.folder};
  unpack_all(work);
  move_files(scratch.folder, folder);
} catch (const fs::filesystem_error& error) {
  throw DataError(archive.string() + ": cannot be unpacked into " + folder.string() + ": " + error.code().message());
}

}  // namespace sac
