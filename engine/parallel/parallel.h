#pragma once
#include <cstdint>
#include <functional>

namespace sac {

/// Threads that a model's passes and an optimiser's step may use for one operation, 1 unless set. No result depends on
/// them: what threads share out is never a sum, unless its parts are the same for any number.
void set_operation_threads(int threads);
int operation_threads();

/// In this scope this thread's operations, LibTorch's and ours, use so many threads. Outside, where LibTorch may cut
/// sums by threads, the program has them use one.
class ThreadScope {
 public:
  explicit ThreadScope(int threads);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

/// Calls body(begin, end) on disjoint ranges that make up [0, count), each of at least `grain` (but the last), on the
/// threads of the scope.
void in_parallel(std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body);

/// Elements that are worth a thread.
constexpr std::int64_t kGrain = 32768;

/// Equal parts of `count` things, as many as `work` (FLOPs) is worth and the same for any number of threads, each done
/// by one: body(begin, count) of each part, body(part, ...) in any order.
/// @return the number of parts, 1 to kMostParts.
constexpr std::int64_t kMostParts = 4;
std::int64_t parts_of(std::int64_t count, double work);
void in_parts(std::int64_t count, std::int64_t parts,
              const std::function<void(std::int64_t part, std::int64_t begin, std::int64_t size)>& body);

}  // namespace sac
