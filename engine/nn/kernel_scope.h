#pragma once
#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>

namespace sac {

/// No autograd dispatch for this thread in this scope; LibTorch's thread count (set once by the program) taken over
/// by this thread before the first kernel that asks OpenMP instead of LibTorch.
struct KernelScope {
  KernelScope() { at::internal::lazy_init_num_threads(); }
  at::AutoDispatchBelowADInplaceOrView below_autograd;
};

}  // namespace sac
