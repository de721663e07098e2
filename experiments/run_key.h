#pragma once
#include <string>

#include "experiments/spec.h"

namespace sac {

/// Names a run and its group of replicates; lower-case SHA-256 hex.
struct RunKey {
  std::string run;    ///< of the canonical spec, the data's and the weights' hashes and the spec's version
  std::string group;  ///< the same without train.seed
};

/// @param spec  its length fixed (see with_steps).  @param data_hash  Dataset::hash.
/// @throws DataError  model.weights cannot be read.
RunKey run_key(const RunSpec& spec, const std::string& data_hash);

}  // namespace sac
