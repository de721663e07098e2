#pragma once
#include <string>

namespace sac {

/// What this program was built from and with.
struct BuildInfo {
  std::string version;     ///< "0.1.0"
  std::string git_commit;  ///< "26d76e1a2b3c", with "-dirty" where files were changed; "unknown" outside a repository
  std::string compiler;    ///< "GNU 12.2.0"
  std::string build_type;  ///< "Release"
  std::string sanitizers;  ///< "" or "address,undefined"
  std::string libtorch;    ///< "2.11.0"
};

const BuildInfo& build_info();

}  // namespace sac
