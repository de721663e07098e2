#include "tests/gpu/fixture.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>

namespace sac::test {

bool has_gpu() {
  static const bool found = [] {
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setAllowTF32CuDNN(false);
    at::globalContext().setDeterministicCuDNN(true);
    return at::detail::getCUDAHooks().getNumGPUs() > 0;
  }();
  return found;
}

}  // namespace sac::test
