#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "datasets/crop.h"
#include "engine/core/value.h"

namespace sac {

/// JPEG files whose pixels are decoded when they are asked for. In memory are only their names. Safe from many threads.
class ImageFiles {
 public:
  /// @param names  below `folder`.  @param side  pixels of the square that each image becomes.
  /// @param random  a draw takes a random_window(); else, and without a draw, it is centred_window() of `share`.
  ImageFiles(std::filesystem::path folder, Strings names, std::int64_t side, bool random, double share);

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(names_.size()); }
  [[nodiscard]] std::int64_t side() const { return side_; }
  [[nodiscard]] std::filesystem::path path(std::int64_t sample) const;

  /// Decodes an image: [3, side, side] to `to`.  @throws DataError  naming the file that has changed since it was
  /// checked.
  void decode(std::int64_t sample, const std::optional<CropDraw>& draw, std::uint8_t* to) const;

 private:
  std::filesystem::path folder_;
  Strings names_;
  std::int64_t side_;
  bool random_;
  double share_;
};

}  // namespace sac
