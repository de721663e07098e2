#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/core/value.h"
#include "experiments/layer.h"

namespace sac {

/// The key by which a spec cites a cluster profile.
inline constexpr const char* kProfileKey = "cluster.profile";

/// A cluster profile: a TOML file with the tables [cluster], [cluster.network] and [cluster.compute] of a spec, and
/// [profile], which says where the numbers come from and is not part of any run.
/// @throws ConfigError  as read_spec_file; a key that is none of a cluster's; it says nothing of network or compute.
Layer read_profile(const std::filesystem::path& path);

/// The layers with every `cluster.profile = "FILE"` replaced by that profile, as a layer right under the one that cites
/// it. FILE is relative to the citing file.  @throws ConfigError  as read_profile; no string; an empty one.
std::vector<Layer> with_profiles(std::span<const Layer> layers);

/// [profile] of a profile file as text, "key = value" a line in the file's order; "" where there is none.
std::string profile_toml(const ValueMap& cluster, const ValueMap& provenance, const std::string& headline);

}  // namespace sac
