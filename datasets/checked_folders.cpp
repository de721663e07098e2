#include "datasets/checked_folders.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "datasets/location.h"

namespace sac {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> place_of(const std::string& stamp) {
  const auto cache = cache_folder();
  if (!cache) return std::nullopt;
  return *cache / "checked_folders" / stamp;
}

}  // namespace

std::optional<std::string> remembered_hash(const std::string& stamp) {
  const auto place = place_of(stamp);
  std::string hash;
  if (!place || !(std::ifstream(*place) >> hash) || hash.size() != 64) return std::nullopt;
  return hash;
}

void remember_hash(const std::string& stamp, const std::string& hash) {
  const auto place = place_of(stamp);
  if (!place) return;
  std::error_code failed;
  fs::create_directories(place->parent_path(), failed);
  const fs::path part = place->string() + "." + std::to_string(getpid());
  if (std::ofstream(part) << hash << '\n') fs::rename(part, *place, failed);
}

}  // namespace sac
