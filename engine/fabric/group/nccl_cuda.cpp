#define USE_C10D_NCCL
#include <ATen/detail/CUDAHooksInterface.h>
#include <nccl.h>

#include <cstdlib>

// ncclConfig_t has grown since LibTorch was built, and c10d's options hold one by value: here it has LibTorch's size.
namespace sac {
struct alignas(8) NcclConfigOfLibTorch {
  unsigned char bytes[80];  // NCCL 2.28
};
}  // namespace sac
#define ncclConfig_t sac::NcclConfigOfLibTorch
#undef NCCL_CONFIG_INITIALIZER
#define NCCL_CONFIG_INITIALIZER \
  {}

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "engine/fabric/group/c10d_backend.h"
#include "engine/fabric/group/pending.h"

namespace sac {
namespace {

static_assert(sizeof(c10d::ProcessGroupNCCL::Options) == 248, "as LibTorch's own code has it");

/// c10d's watchdogs would end the process in their own way; what a user has set wins.
void set_defaults(int ranks_here) {
  setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", /*overwrite=*/0);
  setenv("TORCH_NCCL_ENABLE_MONITORING", "0", /*overwrite=*/0);
  if (ranks_here > at::detail::getCUDAHooks().getNumGPUs()) setenv("NCCL_MULTI_RANK_GPU_ENABLE", "1", /*overwrite=*/0);
}

}  // namespace

BackendRef make_nccl(const GroupSeat& seat) {
  set_defaults(seat.ranks_here);
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = c10d_timeout(Seconds{});
  auto group = c10::make_intrusive<c10d::ProcessGroupNCCL>(seat.store, seat.rank, seat.size, std::move(options));
  group->setBoundDeviceId(seat.device);
  group->eagerConnectSingleDevice(seat.device);
  return group;
}

}  // namespace sac
