#pragma once
#include <cstdint>
#include <string>

namespace sac {

/// Refuses a cluster.fabric that this build or this machine cannot provide.
/// @param ranks_here  on this machine; NCCL 2.30 was the first to let several share a GPU.
/// @throws Error  (ExitCode::kBackend) nccl without CUDA in the build, without a GPU, or with too few.
void require_fabric(const std::string& fabric, std::int64_t ranks_here);

}  // namespace sac
