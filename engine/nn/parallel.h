#pragma once
#include <cstdint>
#include <functional>

namespace sac {

/// Threads that one tensor operation may use from now on, on this thread and on those that start later; 1 unless set.
/// No result depends on it: what threads share out is never a sum, unless its parts are the same for any number.
void set_operation_threads(int threads);

/// Calls body(begin, end) on disjoint ranges that make up [0, count), each of at least `grain` (but the last), on that
/// many threads at most.
void in_parallel(std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body);

/// Elements that are worth a thread.
constexpr std::int64_t kGrain = 32768;

/// In this scope this thread's operations use one thread: for sums that LibTorch would cut by the number of threads.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_ = 1;
};

/// Equal parts of `count` things, as many as `work` (FLOPs) is worth and the same for any number of threads, each done
/// by one: body(begin, count) of each part, body(part, ...) in any order.
/// @return the number of parts, 1 to kMostParts.
constexpr std::int64_t kMostParts = 4;
std::int64_t parts_of(std::int64_t count, double work);
void in_parts(std::int64_t count, std::int64_t parts,
              const std::function<void(std::int64_t part, std::int64_t begin, std::int64_t size)>& body);

}  // namespace sac
