#include "engine/fabric/virtual/slots.h"

#include <algorithm>

namespace sac {

Slots::Slots(int count) : count_(count), free_(count) {
  for (int i = 1; i < count; ++i) helpers_.emplace_back([this] { helper_main(); });
}

Slots::~Slots() {
  {
    const std::lock_guard lock(pool_mutex_);
    closing_ = true;
  }
  pool_wake_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void Slots::request(SlotWaiter& waiter, double time, int rank) {
  queue_.emplace(time, rank, &waiter);
  grant();
}

void Slots::release(SlotWaiter& waiter) {
  waiter.granted = false;
  ++free_;
  if (frozen_) all_free_.notify_all();
  grant();
}

void Slots::grant() {
  while (!frozen_ && free_ > 0 && !queue_.empty()) {
    SlotWaiter* next = std::get<SlotWaiter*>(*queue_.begin());
    queue_.erase(queue_.begin());
    --free_;
    next->granted = true;
    next->wake.notify_one();
  }
}

void Slots::freeze(std::unique_lock<std::mutex>& lock) {
  frozen_ = true;
  all_free_.wait(lock, [this] { return free_ == count_ - 1; });
}

void Slots::thaw() {
  frozen_ = false;
  grant();
}

void Slots::parallel(std::int64_t count, const std::function<void(std::int64_t)>& body) {
  const int helpers = std::min<int>(free_, static_cast<int>(helpers_.size()));
  if (count <= 1 || helpers <= 0) {
    for (std::int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  {
    const std::lock_guard lock(pool_mutex_);
    batch_.body = &body;
    batch_.count = count;
    batch_.next.store(0);
    batch_.helpers = helpers;
  }
  pool_wake_.notify_all();
  for (std::int64_t i = batch_.next++; i < count; i = batch_.next++) body(i);
  std::unique_lock lock(pool_mutex_);
  batch_.helpers = 0;
  pool_done_.wait(lock, [this] { return batch_.inside == 0; });
}

void Slots::helper_main() {
  std::unique_lock lock(pool_mutex_);
  while (true) {
    pool_wake_.wait(lock, [this] { return closing_ || batch_.helpers > 0; });
    if (closing_) return;
    --batch_.helpers;
    ++batch_.inside;
    lock.unlock();
    for (std::int64_t i = batch_.next++; i < batch_.count; i = batch_.next++) (*batch_.body)(i);
    lock.lock();
    if (--batch_.inside == 0) pool_done_.notify_all();
  }
}

}  // namespace sac
