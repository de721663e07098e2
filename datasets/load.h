#pragma once
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "engine/core/options.h"

namespace sac {

/// Options of the [data] table that every data set shares: name, partition, alpha, labels_per_worker, train_limit,
/// test_limit, loader_threads, prefetch, and those of augmentation_options().
const std::vector<OptionSpec>& data_options();

/// All options of the [data] table for one data set: the shared ones and its own.
/// @throws ConfigError  unknown data set.
std::vector<OptionSpec> data_options(const std::string& dataset);

/// Finds, reads and verifies a data set, then keeps its first train_limit and test_limit samples (0 = all).
/// @param options  checked against data_options(name).
/// @throws ConfigError  unknown data set, a limit above its size.  @throws DataError  as DatasetEntry::load.
Dataset load_dataset(const std::string& name, const Options& options, const DataLocation& location);

}  // namespace sac
