#include <ATen/detail/CUDAHooksInterface.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include "experiments/gpu.h"

// LibTorch has loaded CUDA's runtime and NCCL: they are asked by name, so that neither is linked and no folder of
// theirs enters our RPATH.
#define SAC_CUDART(name) reinterpret_cast<decltype(&name)>(dlsym(RTLD_DEFAULT, #name))

namespace sac {
namespace {

/// 13000 -> "13.0"
std::string cuda_version(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// 91900 -> "9.19.0"
std::string cudnn_version() {
  const long version = at::detail::getCUDAHooks().versionRuntimeCuDNN();
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." +
         std::to_string(version % 100);
}

std::string nccl_version() {
  using GetVersion = int(int*);
  auto* const get = reinterpret_cast<GetVersion*>(dlsym(RTLD_DEFAULT, "ncclGetVersion"));
  int version = 0;
  if (get == nullptr || get(&version) != 0) return "";
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." +
         std::to_string(version % 100);
}

/// The answer of a function that writes one int, or 0.
int ask(cudaError_t (*get)(int*)) {
  int answer = 0;
  return get != nullptr && get(&answer) == cudaSuccess ? answer : 0;
}

Gpu describe(int index) {
  cudaDeviceProp properties{};
  if (SAC_CUDART(cudaGetDeviceProperties)(&properties, index) != cudaSuccess) return {.name = "unknown"};
  return {.name = properties.name,
          .capability = std::to_string(properties.major) + "." + std::to_string(properties.minor),
          .memory_bytes = static_cast<std::int64_t>(properties.totalGlobalMem),
          .multiprocessors = properties.multiProcessorCount};
}

std::string problem_of(cudaError_t error) {
  return std::string("no GPU can be used: ") + SAC_CUDART(cudaGetErrorString)(error);
}

}  // namespace

GpuReport look_for_gpus() {
  GpuReport report{.built = true, .cudnn = cudnn_version(), .nccl = nccl_version()};
  const auto count_devices = SAC_CUDART(cudaGetDeviceCount);
  if (count_devices == nullptr) {
    report.problem = "no GPU can be used: CUDA's runtime library is not loaded";
    return report;
  }
  if (const int driver = ask(SAC_CUDART(cudaDriverGetVersion)); driver > 0) report.driver = cuda_version(driver);
  if (const int runtime = ask(SAC_CUDART(cudaRuntimeGetVersion)); runtime > 0) report.runtime = cuda_version(runtime);
  int count = 0;
  if (const cudaError_t error = count_devices(&count); error != cudaSuccess) report.problem = problem_of(error);
  for (int index = 0; index < count; ++index) report.gpus.push_back(describe(index));
  return report;
}

}  // namespace sac

#undef SAC_CUDART
