#pragma once
#include <string>

#include "experiments/spec.h"

namespace sac {

/// Names a run and its group of replicates; lower-case SHA-256 hex.
struct RunKey {
  std::string run;    ///< of the canonical spec, the data's and the weights' hashes and the spec's version
  std::string group;  ///< the same without train.seed
};

/// SHA-256 of the file that model.weights names; "" without.  @throws DataError  it cannot be read.
std::string weights_hash(const RunSpec& spec);

/// @param spec  its length fixed (see with_steps).  @param data_hash  Dataset::hash.
RunKey run_key(const RunSpec& spec, const std::string& data_hash, const std::string& weights_hash);

}  // namespace sac
