#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/nn/layout.h"
#include "engine/train/archive.h"
#include "engine/train/checkpoint_manifest.h"

namespace sac {

/// A model as flat tensors.
struct FlatModel {
  at::Tensor parameters{};  ///< [D]
  at::Tensor buffers{};     ///< [S]
};

/// A checkpoint whose files have been found whole.
struct Checkpoint {
  std::filesystem::path folder;
  CheckpointManifest manifest;

  /// What its run goes on from.  @throws DataError  it cannot be read any more.
  [[nodiscard]] Archive state() const;
};

/// What is written into one.
struct CheckpointContent {
  CheckpointManifest manifest;  ///< without files
  const Archive* state = nullptr;
  const Layout* layout = nullptr;
  FlatModel model;  ///< that the run stands for; undefined parameters = nobody speaks for it, none is written
};

/// The checkpoints of one run: FOLDER/step-<n>, each with manifest.json, model.safetensors (`model.weights` starts from
/// it) and state.bin. One appears under its name only when every byte of it is on the disk, and goes by being renamed
/// first: whenever the process or the machine dies, what bears a name is whole.
class Checkpoints {
 public:
  explicit Checkpoints(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// True where there is one that looks whole; none is read.
  [[nodiscard]] bool any() const { return !steps().empty(); }
  /// Writes one, then removes all but the newest `kept` (0 = none): those of later steps too, which an earlier try has
  /// left damaged.  @throws RunError  naming the folder.
  void write(const CheckpointContent& content, std::int64_t kept) const;
  /// The newest that is whole, by size and SHA-256 of each file.
  /// @param key  of its run.  @param passed_over  told of each newer one that is damaged or another run's, in one line.
  [[nodiscard]] std::optional<Checkpoint> newest(const std::string& key,
                                                 const std::function<void(const std::string&)>& passed_over) const;
  /// Removes all, the folder and the one that holds it where nothing else is in them.
  void remove() const;

 private:
  [[nodiscard]] std::vector<std::int64_t> steps() const;
  [[nodiscard]] std::filesystem::path at(std::int64_t step) const;
  [[nodiscard]] bool whole(std::int64_t step) const;
  void put(const CheckpointContent& content) const;
  void discard(std::int64_t step) const;
  void remove_debris() const;

  std::filesystem::path folder_;
};

}  // namespace sac
