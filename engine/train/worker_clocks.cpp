#include "engine/train/worker_clocks.h"

#include <algorithm>
#include <cmath>

namespace sac {

const WorkerClocks::Lane& WorkerClocks::slowest(const Lane& mine) const {
  const Lane* slow = &mine;
  for (const Lane& other : lanes_) {
    if (other.present && other.clock < slow->clock) slow = &other;
  }
  return *slow;
}

void WorkerClocks::pushed(int worker, double seconds) {
  Lane& mine = lane(worker);
  if (++mine.clock > 1) mine.time_s = seconds - mine.read_s;
  mine.last_s = now_s_ = seconds;
  const Lane& slow = slowest(mine);
  if (gap_.least == gap_.most || mine.clock - slow.clock <= gap_.least || mine.clock <= mine.granted) return;
  const bool fastest = std::all_of(lanes_.begin(), lanes_.end(),
                                   [&](const Lane& other) { return !other.present || other.clock <= mine.clock; });
  if (fastest) mine.granted = mine.clock - 1 + extra(mine, slow);
}

std::int64_t WorkerClocks::extra(const Lane& fast, const Lane& slow) const {
  if (fast.clock < 2 || slow.clock < 2) return 0;  // their times are not known yet
  const std::int64_t limit = gap_.most - (fast.clock - slow.clock) + 1;
  std::int64_t best = 0;
  double shortest = std::numeric_limits<double>::infinity();
  for (std::int64_t r = 0; r <= limit; ++r) {
    const double done = fast.last_s + static_cast<double>(r) * fast.time_s;
    const double pushes = slow.time_s > 0.0 ? std::round((done - slow.last_s) / slow.time_s) : 1.0;
    const double nearest = slow.last_s + std::max(1.0, pushes) * slow.time_s;
    if (std::abs(done - nearest) >= shortest) continue;
    shortest = std::abs(done - nearest);
    best = r;
  }
  return best;
}

bool WorkerClocks::may_read(int worker) const {
  if (gap_.least == ClockGap::kAny) return true;
  const Lane& mine = lane(worker);
  return mine.clock - slowest(mine).clock <= gap_.least || mine.clock <= mine.granted;
}

std::int64_t WorkerClocks::present() const {
  return std::count_if(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.present; });
}

}  // namespace sac
