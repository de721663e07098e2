#include "experiments/run_key.h"

#include "datasets/content.h"
#include "engine/core/sha256.h"

namespace sac {
namespace {

/// Raised whenever the same spec comes to mean something else, so that old results are not taken for new ones.
constexpr std::int64_t kSpecVersion = 1;

/// Keys that change where and when work is done, but no bit of what comes out.
constexpr const char* kWithoutMeaning[] = {"data.cache", "data.loader_threads", "data.prefetch"};

}  // namespace

std::string weights_hash(const RunSpec& spec) {
  const std::string& weights = spec.table("model").text("weights");
  return weights.empty() ? "" : file_sha256(weights);
}

RunKey run_key(const RunSpec& spec, const std::string& data_hash, const std::string& weights_hash) {
  ValueMap values = spec.values();
  for (const char* name : kWithoutMeaning) values.erase(name);
  values["spec_version"] = kSpecVersion;
  values["data_hash"] = data_hash;
  if (!weights_hash.empty()) values["weights_hash"] = weights_hash;
  RunKey key;
  key.run = sha256_hex(to_toml(values));
  values.erase("train.seed");
  key.group = sha256_hex(to_toml(values));
  return key;
}

}  // namespace sac
