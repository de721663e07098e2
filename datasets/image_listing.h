#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/value.h"

namespace sac {

/// The JPEG files of FOLDER/CLASS, by class, by name.
struct ImageListing {
  std::filesystem::path folder;
  Strings names;                     ///< below it: "cat/1.jpg"
  std::vector<std::int64_t> labels;  ///< of the classes, in the order of their names
  std::int64_t bytes = 0;            ///< in all
  std::filesystem::file_time_type newest = std::filesystem::file_time_type::min();
  std::string stamp;  ///< SHA-256 hex over names, sizes and times of change
};

/// FOLDER's subfolder of one of these names.  @throws DataError  there is none.
std::filesystem::path part_of(const std::filesystem::path& folder, const Strings& names);

/// @throws DataError  less than two classes.
Strings class_names(const std::filesystem::path& folder);

/// @param classes  of the training images.
/// @throws DataError  a class is not one of them, or has no JPEG file.
ImageListing list_images(const std::filesystem::path& folder, const Strings& classes);

}  // namespace sac
