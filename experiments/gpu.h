#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace sac {

/// One GPU as its driver describes it.
struct Gpu {
  std::string name{};        ///< "NVIDIA H100 80GB HBM3"
  std::string capability{};  ///< "9.0"
  std::int64_t memory_bytes = 0;
  int multiprocessors = 0;
};

/// What this build and this machine have of CUDA. Versions are "" where unknown.
struct GpuReport {
  bool built = false;     ///< with CUDA
  std::string driver{};   ///< the newest CUDA the driver can do, "13.0"
  std::string runtime{};  ///< "13.0"
  std::string cudnn{};    ///< "9.19.0"
  std::string nccl{};     ///< "2.30.4"
  std::vector<Gpu> gpus{};
  std::string problem{};  ///< why no GPU can be used, or ""
};

/// Never fails: what is missing is part of the report.
GpuReport look_for_gpus();

}  // namespace sac
