#include "engine/parallel/parallel.h"

#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <omp.h>

#include <algorithm>
#include <atomic>

/// MKL's own count, of this thread, inside LibTorch; there is none where LibTorch multiplies by another library.
extern "C" __attribute__((weak)) int MKL_Set_Num_Threads_Local(int threads);

namespace sac {
namespace {

std::atomic<int> threads_of_operations = 1;

void use_threads(int threads) {
  omp_set_num_threads(threads);
  if (MKL_Set_Num_Threads_Local != nullptr) MKL_Set_Num_Threads_Local(threads);
}

/// FLOPs that are worth a thread.
constexpr double kPartWork = 1 << 24;

}  // namespace

void set_operation_threads(int threads) { threads_of_operations = threads; }
int operation_threads() { return threads_of_operations.load(std::memory_order_relaxed); }

ThreadScope::ThreadScope(int threads) {
  before_ = at::get_num_threads();  // which takes LibTorch's count over, once a thread: later that would undo this
  use_threads(threads);
}
ThreadScope::~ThreadScope() { use_threads(before_); }

void in_parallel(std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body) {
  if (count <= grain || at::get_num_threads() == 1) return body(0, count);
  at::parallel_for(0, count, grain, [&](std::int64_t begin, std::int64_t end) {
    const ThreadScope one(1);  // oneDNN would else plan for threads that it does not get in here, and wait for them
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    body(begin, end);
  });
}

std::int64_t parts_of(std::int64_t count, double work) {
  return std::clamp<std::int64_t>(std::min(static_cast<std::int64_t>(work / kPartWork), count), 1, kMostParts);
}

void in_parts(std::int64_t count, std::int64_t parts,
              const std::function<void(std::int64_t, std::int64_t, std::int64_t)>& body) {
  const auto run = [&](std::int64_t first, std::int64_t last) {
    const ThreadScope one(1);
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    for (std::int64_t part = first; part < last; ++part) {
      const std::int64_t begin = count * part / parts;
      body(part, begin, count * (part + 1) / parts - begin);
    }
  };
  if (parts == 1 || at::get_num_threads() == 1) return run(0, parts);
  at::parallel_for(0, parts, 1, run);
}

}  // namespace sac
