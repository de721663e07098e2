#pragma once
#include <filesystem>
#include <string>

#include "cli/db_option.h"

namespace sac {

/// Where the checkpoint of a run lies: beside its database.
inline std::filesystem::path checkpoint_path(const std::string& database, const std::string& run_name) {
  return folder_beside(database, ".checkpoints") / (run_name + ".ckpt");
}

/// Removes it, with what a killed writer may have left beside it.
inline void remove_checkpoint(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  std::filesystem::remove(path.string() + ".part", ignored);
  std::filesystem::remove(path.parent_path(), ignored);  // succeeds only when it is empty
}

}  // namespace sac
