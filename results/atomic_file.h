#pragma once
#include <filesystem>
#include <string_view>

namespace sac {

/// Writes `content` to `path` so that readers see the old file or the whole new one: a temporary file beside it, then a
/// rename. Devices and pipes are written in place.  @throws UsageError  not writable, naming the file and the reason.
void write_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace sac
