#include "engine/train/checkpoints.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <system_error>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/nn/safetensors.h"

namespace sac {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";
constexpr const char* kModel = "model.safetensors";
constexpr const char* kState = "state.bin";
constexpr std::string_view kPrefix = "step-";
constexpr const char* kPart = ".part";  ///< being written
constexpr const char* kOld = ".old";    ///< being removed

/// The n of "step-n", -1 of anything else.
std::int64_t step_of(const std::string& name) {
  std::int64_t step = -1;
  if (!name.starts_with(kPrefix) || name.size() == kPrefix.size()) return -1;
  const char* end = name.data() + name.size();
  const auto [stopped, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  return error == std::errc() && stopped == end ? step : -1;
}

/// Waits until a file's bytes, or a folder's entries, are on the disk: a power failure after the rename must not leave
/// an empty checkpoint.
void sync(const fs::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int failure = descriptor < 0 || fsync(descriptor) != 0 ? errno : 0;
  if (descriptor >= 0) close(descriptor);
  if (failure != 0) throw RunError(path.filename().string() + ": " + std::strerror(failure));
}

void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw RunError(path.filename().string() + ": " + std::strerror(errno));
}

std::string sha256_of_file(const fs::path& path) {
  constexpr std::size_t kChunk = std::size_t{1} << 20;
  std::ifstream file(path, std::ios::binary);
  std::vector<char> chunk(kChunk);
  Sha256 sha256;
  while (file.read(chunk.data(), kChunk) || file.gcount() > 0) {
    sha256.update(chunk.data(), static_cast<std::size_t>(file.gcount()));
  }
  return sha256.hex();
}

CheckpointFile written(const fs::path& path) {
  sync(path);
  return {.name = path.filename().string(),
          .bytes = static_cast<std::int64_t>(fs::file_size(path)),
          .sha256 = sha256_of_file(path)};
}

/// @throws DataError  a file differs from what the manifest says.
Checkpoint verified(const fs::path& folder) {
  Checkpoint checkpoint{folder, read_manifest(folder / kManifest)};
  for (const CheckpointFile& file : checkpoint.manifest.files) {
    std::error_code missing;
    const auto bytes = static_cast<std::int64_t>(fs::file_size(folder / file.name, missing));
    if (missing) throw DataError(file.name + " is missing");
    if (bytes != file.bytes) {
      throw DataError(file.name + " has " + std::to_string(bytes) + " bytes, the manifest says " +
                      std::to_string(file.bytes));
    }
    if (sha256_of_file(folder / file.name) != file.sha256) throw DataError(file.name + ": its SHA-256 differs");
  }
  return checkpoint;
}

}  // namespace

Archive Checkpoint::state() const {
  std::error_code missing;
  const auto size = fs::file_size(folder / kState, missing);
  std::string bytes(missing ? 0 : size, '\0');
  std::ifstream file(folder / kState, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw DataError("the checkpoint '" + folder.string() + "' has no " + kState + " any more");
  return Archive(std::move(bytes));
}

fs::path Checkpoints::at(std::int64_t step) const { return folder_ / (std::string(kPrefix) + std::to_string(step)); }

/// Newest first.
std::vector<std::int64_t> Checkpoints::steps() const {
  std::vector<std::int64_t> found;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, missing)) {
    const std::int64_t step = step_of(entry.path().filename().string());
    if (step >= 0) found.push_back(step);
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

bool Checkpoints::whole(std::int64_t step) const {
  if (!fs::exists(at(step))) return false;
  try {
    return verified(at(step)).manifest.step == step;
  } catch (const DataError&) {
    return false;
  }
}

std::optional<Checkpoint> Checkpoints::newest(const std::string& key,
                                              const std::function<void(const std::string&)>& passed_over) const {
  for (const std::int64_t step : steps()) {
    try {
      Checkpoint checkpoint = verified(at(step));
      if (checkpoint.manifest.key == key) return checkpoint;
      throw DataError("it belongs to the run with key " + checkpoint.manifest.key.substr(0, 12) + "..., not to " +
                      key.substr(0, 12) + "...");
    } catch (const DataError& error) {
      passed_over("the checkpoint '" + at(step).string() + "' is passed over: " + error.what());
    }
  }
  return std::nullopt;
}

void Checkpoints::write(const CheckpointContent& content, std::int64_t kept) const try {
  remove_debris();
  const std::int64_t step = content.manifest.step;
  if (!whole(step)) put(content);  // a run's two checkpoints of one step resume to the same end
  std::int64_t place = 0;
  for (const std::int64_t other : steps()) {
    if (other > step || (kept > 0 && place++ >= kept)) discard(other);
  }
} catch (const std::exception& error) {
  std::error_code ignored;
  fs::remove_all(at(content.manifest.step).string() + kPart, ignored);
  const auto* cause = dynamic_cast<const fs::filesystem_error*>(&error);
  throw RunError("cannot write the checkpoint '" + at(content.manifest.step).string() +
                 "': " + (cause != nullptr ? cause->code().message() : error.what()));
}

/// The manifest comes last, the name after everything is on the disk.
void Checkpoints::put(const CheckpointContent& content) const {
  const fs::path target = at(content.manifest.step);
  const fs::path part = target.string() + kPart;
  fs::create_directories(part);
  CheckpointManifest manifest = content.manifest;
  if (content.model.parameters.defined()) {
    save_safetensors(part / kModel, *content.layout, content.model.parameters, content.model.buffers);
    manifest.files.push_back(written(part / kModel));
  }
  write_file(part / kState, content.state->bytes());
  manifest.files.push_back(written(part / kState));
  write_file(part / kManifest, manifest_text(manifest));
  sync(part / kManifest);
  sync(part);
  if (fs::exists(target)) discard(content.manifest.step);
  fs::rename(part, target);
  sync(folder_);
  sync(fs::absolute(folder_).parent_path());
}

void Checkpoints::discard(std::int64_t step) const {
  const fs::path old = at(step).string() + kOld;
  fs::rename(at(step), old);
  fs::remove_all(old);
}

/// What a writer that was killed has left.
void Checkpoints::remove_debris() const {
  std::error_code missing;
  std::vector<fs::path> debris;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, missing)) {
    const fs::path extension = entry.path().extension();
    const bool ours = step_of(entry.path().stem().string()) >= 0;
    if (ours && (extension == kPart || extension == kOld)) debris.push_back(entry.path());
  }
  for (const fs::path& path : debris) fs::remove_all(path);
}

void Checkpoints::remove() const {
  std::error_code ignored;
  for (const std::int64_t step : steps()) fs::remove_all(at(step), ignored);
  try {
    remove_debris();
  } catch (const fs::filesystem_error&) {
  }
  fs::remove(folder_, ignored);  // each succeeds only when it is empty
  fs::remove(folder_.parent_path(), ignored);
}

}  // namespace sac
