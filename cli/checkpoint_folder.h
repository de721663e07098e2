#pragma once
#include <filesystem>
#include <string>

#include "cli/db_option.h"
#include "engine/train/checkpoints.h"

namespace sac {

/// Where the checkpoints of a run lie: beside its database, DATABASE.checkpoints/RUN; a "/" of the name is "%2F" there.
inline std::filesystem::path checkpoint_folder(const std::string& database, const std::string& run_name) {
  std::string name = run_name.starts_with('.') ? "%2E" + run_name.substr(1) : run_name;
  for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at)) name.replace(at, 1, "%2F");
  return folder_beside(database, ".checkpoints") / name;
}

inline Checkpoints checkpoints_of(const std::string& database, const std::string& run_name) {
  return Checkpoints(checkpoint_folder(database, run_name));
}

}  // namespace sac
