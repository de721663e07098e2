#include "datasets/image_listing.h"

#include <algorithm>
#include <cctype>

#include "engine/core/error.h"
#include "engine/core/options.h"
#include "engine/core/sha256.h"

namespace sac {
namespace {

namespace fs = std::filesystem;

bool is_jpeg(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending == ".jpg" || ending == ".jpeg";
}

/// The names of what a folder holds, sorted.
template <class Keep>
Strings children(const fs::path& folder, const Keep& keep) {
  Strings found;
  for (const auto& child : fs::directory_iterator(folder)) {
    if (keep(child)) found.push_back(child.path().filename().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void add_file(const fs::path& path, std::string name, std::int64_t label, ImageListing& listing, Sha256& stamp) {
  const auto size = static_cast<std::int64_t>(fs::is_directory(path) ? 0 : fs::file_size(path));
  const fs::file_time_type changed = fs::last_write_time(path);
  stamp.update(name + " " + std::to_string(size) + " " + std::to_string(changed.time_since_epoch().count()) + "\n");
  listing.bytes += size;
  listing.newest = std::max(listing.newest, changed);
  listing.names.push_back(std::move(name));
  listing.labels.push_back(label);
}

}  // namespace

fs::path part_of(const fs::path& folder, const Strings& names) {
  for (const std::string& name : names) {
    if (fs::is_directory(folder / name)) return folder / name;
  }
  throw DataError("data.folder '" + folder.string() + "' has no folder '" + join(names, "' or '") + "'");
}

Strings class_names(const fs::path& folder) {
  Strings names = children(folder, [](const fs::directory_entry& child) { return child.is_directory(); });
  if (names.size() >= 2) return names;
  throw DataError(folder.string() + ": holds " + std::to_string(names.size()) +
                  " folders of classes; there must be at least two, with JPEG files");
}

ImageListing list_images(const fs::path& folder, const Strings& classes) {
  ImageListing listing;
  listing.folder = folder;
  Sha256 stamp;
  for (const std::string& name : class_names(folder)) {
    const auto label = std::find(classes.begin(), classes.end(), name);
    if (label == classes.end()) throw DataError((folder / name).string() + ": no class of the training images");
    const Strings files = children(folder / name, [](const auto& child) { return is_jpeg(child.path()); });
    if (files.empty()) throw DataError((folder / name).string() + ": holds no .jpg or .jpeg files");
    for (const std::string& file : files) {
      add_file(folder / name / file, name + "/" + file, label - classes.begin(), listing, stamp);
    }
  }
  listing.stamp = stamp.hex();
  return listing;
}

}  // namespace sac
