#include "experiments/gpu.h"

namespace sac {

GpuReport look_for_gpus() { return {.problem = "this sactool is built without CUDA (make cuda builds one)"}; }

}  // namespace sac
