#include "experiments/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstdlib>

#include "engine/core/error.h"
#include "experiments/gpu.h"

namespace sac {
namespace {

[[noreturn]] void impossible(const std::string& message) { throw Error(ExitCode::kBackend, message); }

at::Device resolve(const std::string& wanted, const std::string& fabric, int local_rank) {
  if (wanted == "cpu" && fabric == "nccl") {
    throw ConfigError(
        "train.device = cpu needs cluster.fabric = virtual or gloo, got nccl, which carries GPUs' tensors");
  }
  if (wanted == "cpu" || (wanted == "auto" && fabric == "gloo")) return at::kCPU;
  if (fabric == "gloo") {
    throw ConfigError(
        "train.device = cuda needs cluster.fabric = virtual or nccl, got gloo, which carries the CPU's tensors");
  }
  const int gpus = at::detail::getCUDAHooks().getNumGPUs();
  if (gpus > 0) return {at::kCUDA, static_cast<at::DeviceIndex>(local_rank % gpus)};
  if (wanted == "auto") return at::kCPU;
  impossible("train.device = cuda: " + look_for_gpus().problem + "; choices here: auto, cpu");
}

}  // namespace

ComputeChoice compute_choice(const Options& train, const std::string& fabric, int local_rank) {
  const std::string& precision = train.text("precision");
  const bool wide = train.text("dtype") == "float64";
  if (wide && precision != "float32") {
    throw ConfigError("train.precision = " + precision + " needs train.dtype = float32, got float64");
  }
  ComputeChoice choice{.device = resolve(train.text("device"), fabric, local_rank),
                       .numerics = {wide ? at::kDouble : at::kFloat, precision == "bf16"}};
  if (choice.device.is_cpu() && precision != "float32") {
    impossible("train.precision = " + precision +
               " needs train.device = cuda, and this run computes on the cpu; choices here: float32");
  }
  return choice;
}

void prepare_device(const ComputeChoice& choice, const Options& train) {
  if (choice.device.is_cpu()) return;
  c10::impl::VirtualGuardImpl(choice.device.type()).setDevice(choice.device);
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);  // without it cuBLAS does not repeat its bits
  const bool tf32 = train.text("precision") == "tf32";
  at::globalContext().setAllowTF32CuBLAS(tf32);
  at::globalContext().setAllowTF32CuDNN(tf32);
  at::globalContext().setDeterministicCuDNN(true);
}

}  // namespace sac
