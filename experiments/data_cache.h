#pragma once
#include <map>
#include <string>

#include "datasets/load.h"
#include "engine/core/value.h"

namespace sac {

/// Keeps the data sets that it has loaded, for one who prepares many runs of the same. One thread at a time.
class DataCache {
 public:
  /// @throws  as load_dataset.
  Dataset load(const std::string& name, const Options& options, const DataLocation& location) {
    const std::string key = name + "\n" + location.data_dir.string() + "\n" + to_toml(options.values());
    const auto known = loaded_.find(key);
    if (known != loaded_.end()) return known->second;
    return loaded_.emplace(key, load_dataset(name, options, location)).first->second;
  }

 private:
  std::map<std::string, Dataset> loaded_;
};

}  // namespace sac
