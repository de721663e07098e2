#include "engine/core/batch_schedule.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sac {
namespace {

/// sum over i in [0, n) of floor((a i + b) / m), as Euclid's algorithm: exact, without a loop over i.
std::int64_t floor_sum(std::int64_t n, std::int64_t m, std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  while (n > 0) {
    sum += (n - 1) * n / 2 * (a / m) + n * (b / m);
    a %= m;
    b %= m;
    const std::int64_t last = a * n + b;
    n = last / m;
    b = last % m;
    std::swap(a, m);
  }
  return sum;
}

}  // namespace

std::int64_t BatchSchedule::at(std::int64_t step) const {
  return grows() && step < warmup_ ? start_ + (size_ - start_) * step / warmup_ : size_;
}

std::int64_t BatchSchedule::before(std::int64_t step) const {
  if (!grows()) return step * size_;
  const std::int64_t growing = std::min(step, warmup_);
  return growing * start_ + floor_sum(growing, warmup_, size_ - start_, 0) + (step - growing) * size_;
}

std::int64_t BatchSchedule::steps_for(double samples, std::int64_t workers) const {
  const double grown = static_cast<double>(before(warmup_)) * static_cast<double>(workers);
  if (samples >= grown) {
    return warmup_ + static_cast<std::int64_t>(
                         std::ceil((samples - grown) / (static_cast<double>(workers) * static_cast<double>(size_))));
  }
  std::int64_t low = 0;
  std::int64_t high = warmup_;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    const bool enough = static_cast<double>(before(middle)) * static_cast<double>(workers) >= samples;
    (enough ? high : low) = enough ? middle : middle + 1;
  }
  return low;
}

}  // namespace sac
