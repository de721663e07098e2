#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sac {

struct DatasetEntry;

/// Where the user says the data is; the rest of the search comes from the environment.
struct DataLocation {
  std::filesystem::path data_dir{};  ///< --data-dir; empty = not given
};

/// The program's folder in the user's cache: ${XDG_CACHE_HOME:-~/.cache}/sactool; nothing where there is no HOME.
std::optional<std::filesystem::path> cache_folder();

/// The roots that are searched, in order: --data-dir, $SACTOOL_DATA, ${XDG_CACHE_HOME:-~/.cache}/sactool/data,
/// /usr/share/datasets.
/// @throws DataError  --data-dir was given and is not a folder.
std::vector<std::filesystem::path> data_roots(const DataLocation& location);

/// Where `sactool data fetch` puts things: the first root, whether or not it exists yet.
std::filesystem::path fetch_root(const DataLocation& location);

/// The files of one data set as found in one folder.
struct LocatedFiles {
  std::filesystem::path folder;
  std::map<std::string, std::filesystem::path> paths;  ///< DataFile::name -> path; empty = nowhere complete
  std::vector<std::string> looked;                     ///< every place tried, with what it lacks

  [[nodiscard]] bool found() const { return !paths.empty(); }
};

/// The first folder below the roots that holds all files of `entry`, each unpacked or with ".gz" appended; "-idx" may
/// be spelt ".idx".
LocatedFiles find_files(const DatasetEntry& entry, const std::vector<std::filesystem::path>& roots);

/// The same among all roots, or an error.
/// @throws DataError  nowhere complete: lists every place tried and how to get the data.
LocatedFiles locate(const DatasetEntry& entry, const DataLocation& location);

}  // namespace sac
