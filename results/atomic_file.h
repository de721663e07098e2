#pragma once
#include <filesystem>
#include <functional>
#include <string_view>

namespace sac {

/// Writes `content` to `path` so that readers see the old file or the whole new one: a temporary file beside it, then a
/// rename. Devices and pipes are written in place.  @throws UsageError  not writable, naming the file and the reason.
void write_atomically(const std::filesystem::path& path, std::string_view content);

/// The same for what writes itself: `write` makes the file `temporary`, which then takes the place of `path`.
/// @throws UsageError  as above; what `write` throws, with nothing left behind.
void write_file_atomically(const std::filesystem::path& path,
                           const std::function<void(const std::filesystem::path& temporary)>& write);

}  // namespace sac
