#pragma once
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace sac {

/// The four files every MNIST-like data set has: training images and labels, test images and labels.
/// @param sha256  of the unpacked bytes, in that order.
std::vector<DataFile> idx_files(const std::array<std::string, 4>& sha256);

/// The same four as they are served: compressed.  @param bytes  compressed sizes, in that order.
std::vector<Download> idx_downloads(const std::array<std::int64_t, 4>& bytes);

/// IDX images -> uint8 [count, 1, height, width].
/// @throws DataError  not an IDX image file, other dimensions, truncated, or other content than expected.
at::Tensor read_idx_images(const std::filesystem::path& path, const DataFile& expected, std::int64_t count,
                           std::int64_t height, std::int64_t width);

/// IDX labels -> int64 [count].
/// @throws DataError  as above, or a label outside [0, classes).
at::Tensor read_idx_labels(const std::filesystem::path& path, const DataFile& expected, std::int64_t count,
                           std::int64_t classes);

/// Finds, reads and verifies all of a data set whose files come from idx_files().
Dataset load_idx(const DatasetEntry& entry, const DataLocation& location);

}  // namespace sac
