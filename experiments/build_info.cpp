#include "experiments/build_info.h"

#include <torch/headeronly/version.h>

#include "git_commit.h"

namespace sac {

const BuildInfo& build_info() {
  static const BuildInfo info{.version = SAC_VERSION,
                              .git_commit = SAC_GIT_COMMIT,
                              .compiler = SAC_COMPILER,
                              .build_type = SAC_BUILD_TYPE,
                              .sanitizers = SAC_SANITIZERS,
                              .libtorch = TORCH_VERSION};
  return info;
}

}  // namespace sac
