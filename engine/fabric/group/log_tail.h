#pragma once
#include <filesystem>
#include <string>

namespace sac {

/// What a process's log says went wrong: the text of its last line that names an "error: ", else its last line that is
/// not blank, else "". Looks at the last 64 KiB.
std::string last_error(const std::filesystem::path& log);

}  // namespace sac
