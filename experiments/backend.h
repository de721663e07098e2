#pragma once
#include <string>

namespace sac {

/// Refuses a cluster.fabric that this build or this machine cannot provide.
/// @throws Error  (ExitCode::kBackend) nccl without CUDA in the build, or without a GPU.
void require_fabric(const std::string& fabric);

}  // namespace sac
