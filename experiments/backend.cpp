#include "experiments/backend.h"

#include <ATen/detail/CUDAHooksInterface.h>

#include "engine/core/error.h"

namespace sac {

void require_fabric(const std::string& fabric) {
  if (fabric != "nccl") return;
  const at::CUDAHooksInterface& cuda = at::detail::getCUDAHooks();
  const std::string here = "; choices here: virtual, gloo";
  if (!cuda.hasCUDART()) {
    throw Error(ExitCode::kBackend, "cluster.fabric = nccl needs a build with CUDA, and this one has none" + here);
  }
  if (!cuda.hasCUDA()) {
    throw Error(ExitCode::kBackend, "cluster.fabric = nccl needs a GPU, and this machine shows none" + here);
  }
}

}  // namespace sac
