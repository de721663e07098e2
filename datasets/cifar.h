#pragma once
#include <filesystem>

#include "datasets/dataset.h"

namespace sac {

/// Bytes of a record's 3 planes of 32x32 pixels.
inline constexpr std::int64_t kCifarPixels = 3072;

/// How a record of the binary CIFAR formats begins: label bytes, of which one counts; its pixels follow.
struct CifarLabels {
  std::int64_t bytes = 1;     ///< of labels a record
  std::int64_t which = 0;     ///< the one that counts
  std::int64_t classes = 10;  ///< it lies in [0, classes)

  [[nodiscard]] std::int64_t record() const { return bytes + kCifarPixels; }  ///< bytes of one
};

/// Reads one file of expected.bytes / record() records.
/// @param images  room for 3072 bytes a record: [records, 3, 32, 32].  @param to  room for a label a record.
/// @return the SHA-256 hex of the file.
/// @throws DataError  truncated, a label out of range, or other content than expected.
std::string read_cifar_batch(const std::filesystem::path& path, const DataFile& expected, const CifarLabels& labels,
                             std::uint8_t* images, std::int64_t* to);

/// Finds, reads and verifies a data set in this format: its last file is the test set, the others are the training set.
Dataset load_cifar(const DatasetEntry& entry, const CifarLabels& labels, const DataLocation& location);

}  // namespace sac
