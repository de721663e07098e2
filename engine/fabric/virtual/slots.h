#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

namespace sac {

/// One thread's place in the queue for a slot.
struct SlotWaiter {
  bool granted = false;  ///< holds a slot
  std::condition_variable wake;
};

/// The threads that may use a core at a time. Slots are handed out earliest-needed first; the order never changes a
/// result, only the wall time. All members are called with the scheduler's lock held, by a thread that holds a slot.
class Slots {
 public:
  explicit Slots(int count);
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  /// Queues `waiter` for a slot needed at simulated time `time`; it is woken once granted.
  void request(SlotWaiter& waiter, double time, int rank);
  void release(SlotWaiter& waiter);
  /// Waits, with `lock` released, until every slot but the caller's own is free, and keeps them; `thaw` ends it.
  void freeze(std::unique_lock<std::mutex>& lock);
  void thaw();
  /// Somebody waits in `freeze`: whoever can should give its slot up for a while.
  [[nodiscard]] bool frozen() const { return frozen_; }

  /// body(i) for i in [0, count), by this thread and a helper a free slot; returns when all are done.
  void parallel(std::int64_t count, const std::function<void(std::int64_t)>& body);

 private:
  struct Batch {
    const std::function<void(std::int64_t)>* body = nullptr;
    std::int64_t count = 0;
    std::atomic<std::int64_t> next{0};
    int helpers = 0;  ///< still to join
    int inside = 0;   ///< at work
  };
  using Queued = std::tuple<double, int, SlotWaiter*>;

  void grant();
  void helper_main();

  int count_;
  int free_;
  bool frozen_ = false;
  std::set<Queued> queue_;
  std::condition_variable all_free_;

  std::mutex pool_mutex_;
  std::condition_variable pool_wake_, pool_done_;
  Batch batch_;
  bool closing_ = false;
  std::vector<std::thread> helpers_;
};

}  // namespace sac
