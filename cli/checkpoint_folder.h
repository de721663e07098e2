#pragma once
#include <filesystem>
#include <string>

#include "cli/db_option.h"
#include "engine/train/checkpoints.h"

namespace sac {

/// Where the checkpoints of a run lie: beside its database, DATABASE.checkpoints/RUN.
inline std::filesystem::path checkpoint_folder(const std::string& database, const std::string& run_name) {
  return folder_beside(database, ".checkpoints") / run_name;
}

inline Checkpoints checkpoints_of(const std::string& database, const std::string& run_name) {
  return Checkpoints(checkpoint_folder(database, run_name));
}

}  // namespace sac
