#include "datasets/location.h"

#include <cstdlib>
#include <optional>

#include "datasets/dataset.h"
#include "engine/core/error.h"

namespace sac {
namespace {

namespace fs = std::filesystem;

/// The variable's value, or "" when unset.
std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// The roots a user may own, in order.
std::vector<fs::path> own_roots(const DataLocation& location) {
  std::vector<fs::path> roots;
  if (!location.data_dir.empty()) roots.push_back(location.data_dir);
  if (const std::string data = environment("SACTOOL_DATA"); !data.empty()) roots.emplace_back(data);
  if (const auto cache = cache_folder()) roots.push_back(*cache / "data");
  return roots;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

std::optional<fs::path> find_file(const fs::path& folder, const std::string& name) {
  Strings spellings{name};
  if (const auto dash = name.rfind("-idx"); dash != std::string::npos) {
    spellings.push_back(name);
    spellings.back()[dash] = '.';
  }
  for (const std::string suffix : {"", ".gz"}) {
    for (const std::string& spelling : spellings) {
      std::error_code ignored;
      const fs::path path = folder / (spelling + suffix);
      if (fs::is_regular_file(path, ignored)) return path;
    }
  }
  return std::nullopt;
}

/// Fills `found` when `folder` holds every file; otherwise says what a folder that holds some of them lacks.
void look_in(const fs::path& folder, const DatasetEntry& entry, LocatedFiles& found) {
  std::map<std::string, fs::path> paths;
  Strings missing;
  for (const DataFile& file : entry.files) {
    if (const auto path = find_file(folder, file.name)) {
      paths[file.name] = *path;
    } else {
      missing.push_back(file.name);
    }
  }
  if (missing.empty()) {
    found.folder = folder;
    found.paths = std::move(paths);
  } else if (!paths.empty()) {
    found.looked.push_back(folder.string() + " (lacks " + join(missing) + ")");
  }
}

}  // namespace

std::optional<fs::path> cache_folder() {
  const fs::path cache = environment("XDG_CACHE_HOME");
  if (cache.is_absolute()) return cache / "sactool";
  const fs::path home = environment("HOME");
  if (home.empty()) return std::nullopt;
  return home / ".cache" / "sactool";
}

std::vector<fs::path> data_roots(const DataLocation& location) {
  if (!location.data_dir.empty() && !is_folder(location.data_dir)) {
    throw DataError("--data-dir '" + location.data_dir.string() + "' is not a folder");
  }
  std::vector<fs::path> roots = own_roots(location);
  roots.emplace_back("/usr/share/datasets");
  return roots;
}

fs::path fetch_root(const DataLocation& location) {
  const auto roots = own_roots(location);
  if (roots.empty()) throw DataError("no place for data: HOME is not set; name a folder with --data-dir");
  return roots.front();
}

LocatedFiles find_files(const DatasetEntry& entry, const std::vector<fs::path>& roots) {
  LocatedFiles found;
  for (const fs::path& root : roots) {
    if (!is_folder(root)) {
      found.looked.push_back(root.string() + " (no such folder)");
      continue;
    }
    found.looked.push_back(root.string());
    for (const std::string& folder : entry.folders) {
      look_in(folder.empty() ? root : root / folder, entry, found);
      if (found.found()) return found;
    }
  }
  return found;
}

LocatedFiles locate(const DatasetEntry& entry, const DataLocation& location) {
  LocatedFiles found = find_files(entry, data_roots(location));
  if (found.found()) return found;
  Strings folders;
  for (const std::string& folder : entry.folders) folders.push_back(folder.empty() ? "." : folder);
  std::string message = "data set '" + entry.name + "' was not found; looked for the folders " + join(folders) +
                        " in: " + join(found.looked);
  message += entry.downloads.empty() ? "; it has no address to fetch it from: put its files into one of them"
                                     : "; get it by `sactool data fetch " + entry.name + "`";
  if (!entry.package.empty()) message += " or install the Debian package " + entry.package;
  throw DataError(message);
}

}  // namespace sac
