#include "datasets/fetch.h"

#include <algorithm>
#include <stdexcept>

#include "datasets/archive.h"
#include "datasets/content.h"
#include "datasets/transfer.h"
#include "engine/core/error.h"

namespace sac {
namespace {

namespace fs = std::filesystem;

constexpr int kAttempts = 5;

std::int64_t size_of(const fs::path& path) {
  std::error_code missing;
  const auto size = fs::file_size(path, missing);
  return missing ? 0 : static_cast<std::int64_t>(size);
}

/// Transfers until complete: goes on after a cut as long as each attempt brings something.
void transfer_all(const std::string& url, const fs::path& part, const TransferProgress& progress) {
  for (int attempt = 1;; ++attempt) {
    const std::int64_t before = size_of(part);
    const TransferResult result = transfer(url, part, before, progress);
    if (result.state == TransferState::kDone) return;
    if (result.state == TransferState::kCannotResume && before > 0) {
      fs::remove(part);
      continue;
    }
    const bool moved = size_of(part) > before;
    if (result.state == TransferState::kCut && moved && attempt < kAttempts) continue;
    if (size_of(part) == 0) fs::remove(part);
    throw DataError(url + ": " + result.problem + (moved ? " (what has come is kept; run again to go on)" : ""));
  }
}

/// A part that is refused is removed.
void accept(const std::string& url, const fs::path& part, const FileCheck& check) try {
  check(part);
} catch (const DataError& error) {
  fs::remove(part);
  throw DataError(url + " gave a wrong file: " + error.what());
}

void check_download(const DatasetEntry& entry, const Download& what, const fs::path& path) {
  if (!what.archive_sha256.empty()) return check_sha256(path, what.archive_sha256);
  const auto file = std::find_if(entry.files.begin(), entry.files.end(), [&](const DataFile& one) {
    return what.name == one.name || what.name == one.name + ".gz";
  });
  if (file == entry.files.end()) throw std::logic_error(entry.name + " downloads " + what.name + ", none of its files");
  verify_content(path, *file);
}

bool is_good(const fs::path& path, const FileCheck& check) try {
  if (!fs::is_regular_file(path)) return false;
  check(path);
  return true;
} catch (const DataError&) {
  return false;
}

/// True when every file of the data set lies below `root` and is right.
bool is_complete(const DatasetEntry& entry, const fs::path& root) {
  const LocatedFiles found = find_files(entry, {root});
  return found.found() && std::all_of(entry.files.begin(), entry.files.end(), [&](const DataFile& file) {
           return is_good(found.paths.at(file.name), [&](const fs::path& path) { verify_content(path, file); });
         });
}

void download_from_any(const std::string& name, const Strings& mirrors, const fs::path& target, const FileCheck& check,
                       const TransferProgress& progress) {
  Strings problems;
  for (const std::string& mirror : mirrors) {
    try {
      return download(mirror + name, target, check, progress);
    } catch (const DataError& error) {
      problems.emplace_back(error.what());
    }
  }
  throw DataError("cannot fetch " + name + ": " + join(problems, "; "));
}

}  // namespace

void download(const std::string& url, const fs::path& target, const FileCheck& check,
              const TransferProgress& progress) {
  const fs::path part = target.string() + ".part";
  const bool resumed = size_of(part) > 0;
  transfer_all(url, part, progress);
  try {
    accept(url, part, check);
  } catch (const DataError&) {
    if (!resumed) throw;
    transfer_all(url, part, progress);
    accept(url, part, check);
  }
  fs::rename(part, target);
}

void check_sha256(const fs::path& path, const std::string& sha256) {
  const std::string found = file_sha256(path);
  if (found != sha256) throw DataError(path.string() + ": has SHA-256 " + found + ", expected " + sha256);
}

std::string mirror_address(const std::string& url_or_folder) {
  std::string address = url_or_folder;
  if (address.find("://") == std::string::npos) {
    if (!fs::is_directory(address)) throw DataError("'" + address + "' is neither an address nor a folder");
    address = file_address(fs::canonical(address));
  }
  return address.ends_with('/') ? address : address + "/";
}

int fetch_files(const DatasetEntry& entry, const Strings& mirrors, const fs::path& root,
                const TransferProgress& progress) try {
  const fs::path folder = root / entry.name;
  fs::create_directories(folder);
  if (is_complete(entry, root)) return 0;
  int fetched = 0;
  for (const Download& what : entry.downloads) {
    const FileCheck check = [&](const fs::path& path) { check_download(entry, what, path); };
    const fs::path target = folder / what.name;
    if (is_good(target, check)) continue;
    download_from_any(what.name, mirrors, target, check, progress);
    ++fetched;
    if (what.archive_sha256.empty()) continue;
    unpack(target, folder);
    fs::remove(target);
  }
  const LocatedFiles found = find_files(entry, {root});
  if (!found.found()) throw DataError(root.string() + ": what was fetched lacks files of " + entry.name);
  for (const DataFile& file : entry.files) verify_content(found.paths.at(file.name), file);
  return fetched;
} catch (const fs::filesystem_error& error) {
  throw DataError("cannot write " + error.path1().string() + ": " + error.code().message());
}

}  // namespace sac
