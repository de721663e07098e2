#pragma once
#include <optional>
#include <string>

namespace sac {

/// Remembers, in the user's cache, the hashes of folders whose files have all been read and found whole, so that large
/// ones are read once. `stamp` stands for a folder's place and its files' names, sizes and times of change.
/// @return nothing: not known.
std::optional<std::string> remembered_hash(const std::string& stamp);

/// A cache that cannot be written is none: nothing is remembered.
void remember_hash(const std::string& stamp, const std::string& hash);

}  // namespace sac
