#pragma once
#include <c10/core/Device.h>

#include <string>

#include "engine/core/options.h"
#include "engine/nn/numerics.h"

namespace sac {

/// Where a run computes and in which numbers, resolved against this build and machine.
struct ComputeChoice {
  at::Device device = at::kCPU;
  Numerics numerics{};

  /// The value of train.device that asks for just this: "cpu" or "cuda".
  [[nodiscard]] std::string device_key() const { return device.is_cpu() ? "cpu" : "cuda"; }
};

/// What train.device, train.precision and train.dtype ask for.
/// @param train  the [train] table.  @param fabric  cluster.fabric: ranks over Gloo compute on the CPU, over NCCL on
///                a GPU.
/// @param local_rank  of this process on its machine: ranks take its GPUs in turn.
/// @throws ConfigError  they contradict each other.
/// @throws Error (ExitCode::kBackend)  this build or machine cannot do it.
ComputeChoice compute_choice(const Options& train, const std::string& fabric, int local_rank);

/// Sets LibTorch up for it, for the whole process: the calling thread's GPU, deterministic kernels, TensorFloat-32 or
/// not. Before the first tensor.
void prepare_device(const ComputeChoice& choice, const Options& train);

}  // namespace sac
