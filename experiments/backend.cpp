#include "experiments/backend.h"

#include <ATen/detail/CUDAHooksInterface.h>

#include <cstdio>

#include "engine/core/error.h"
#include "experiments/gpu.h"

namespace sac {
namespace {

/// @param version  "2.30.4", or "" for unknown.
bool lets_ranks_share(const std::string& version) {
  int major = 0;
  int minor = 0;
  return std::sscanf(version.c_str(), "%d.%d", &major, &minor) == 2 && (major > 2 || (major == 2 && minor >= 30));
}

void require_gpus(std::int64_t ranks_here, const std::string& choices) {
  const GpuReport found = look_for_gpus();
  const auto gpus = static_cast<std::int64_t>(found.gpus.size());
  if (ranks_here <= gpus || lets_ranks_share(found.nccl)) return;
  throw Error(ExitCode::kBackend, "cluster.fabric = nccl with " + std::to_string(ranks_here) +
                                      " ranks on this machine needs as many GPUs, got " + std::to_string(gpus) +
                                      ": NCCL " + found.nccl + " does not let ranks share one, 2.30 does" + choices);
}

}  // namespace

void require_fabric(const std::string& fabric, std::int64_t ranks_here) {
  if (fabric != "nccl") return;
  const at::CUDAHooksInterface& cuda = at::detail::getCUDAHooks();
  const std::string here = "; choices here: virtual, gloo";
  if (!cuda.hasCUDART()) {
    throw Error(ExitCode::kBackend, "cluster.fabric = nccl needs a build with CUDA, and this one has none" + here);
  }
  if (!cuda.hasCUDA()) {
    throw Error(ExitCode::kBackend, "cluster.fabric = nccl needs a GPU, and this machine shows none" + here);
  }
  require_gpus(ranks_here, here);
}

}  // namespace sac
