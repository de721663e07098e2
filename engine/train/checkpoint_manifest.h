#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sac {

/// A file of a checkpoint, as it was written.
struct CheckpointFile {
  std::string name;
  std::int64_t bytes = 0;
  std::string sha256;
};

/// What `manifest.json` says of a checkpoint.
struct CheckpointManifest {
  std::string run;                 ///< unique name of its run
  std::string key;                 ///< run key
  std::int64_t step = 0;           ///< every worker has finished so many
  std::int64_t recorded_step = 0;  ///< <= step; points up to it were recorded before, none after it
  double seconds = 0.0;            ///< simulated
  std::string spec;                ///< canonical TOML
  std::vector<CheckpointFile> files{};
};

/// As JSON, with the version of the format.
std::string manifest_text(const CheckpointManifest& manifest);

/// @throws DataError  the file is missing, no manifest, or of another format's version.
CheckpointManifest read_manifest(const std::filesystem::path& file);

}  // namespace sac
