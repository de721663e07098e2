#pragma once
#include <filesystem>

#include "datasets/dataset.h"

namespace sac {

/// Bytes of one record of the binary CIFAR-10 format: a label, then 3 planes of 32x32 pixels.
inline constexpr std::int64_t kCifarRecord = 3073;

/// Reads one batch file of expected.bytes / 3073 records.
/// @param images  room for 3072 bytes a record: [records, 3, 32, 32].  @param labels  room for one a record.
/// @throws DataError  truncated, a label outside [0, classes), or other content than expected.
void read_cifar_batch(const std::filesystem::path& path, const DataFile& expected, std::int64_t classes,
                      std::uint8_t* images, std::int64_t* labels);

/// Finds, reads and verifies a data set in this format: its last file is the test set, the others are the training set.
Dataset load_cifar(const DatasetEntry& entry, const DataLocation& location);

}  // namespace sac
