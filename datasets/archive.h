#pragma once
#include <filesystem>

namespace sac {

/// Unpacks a .tar.gz into `folder`, which is created; files already there are replaced, others stay. Files appear under
/// their final names only when the whole archive has been read.
/// @throws DataError  the archive is missing or corrupt, or an entry is absolute, contains "..", is a device, a socket
/// or a pipe, or is a link that leaves the folder: the entry is named and nothing of the archive is kept.
void unpack(const std::filesystem::path& archive, const std::filesystem::path& folder);

}  // namespace sac
