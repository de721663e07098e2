#pragma once
#include <cstdint>

namespace sac {

/// How many samples a worker's mini-batch has at each step: `size`, or at first fewer, growing linearly:
/// b(t) = start + floor((size - start) t / warmup) for t < warmup, `size` from then on (t counted from 0).
/// Source  Smith et al., "Don't Decay the Learning Rate, Increase the Batch Size", ICLR 2018, arXiv:1711.00489; linear
///         as the warm-up of Goyal et al., arXiv:1706.02677.
class BatchSchedule {
 public:
  BatchSchedule(std::int64_t size) : start_(size), size_(size) {}  // NOLINT: a size is a schedule
  /// @param start  in [1, size].  @param warmup  steps, >= 0.
  BatchSchedule(std::int64_t start, std::int64_t size, std::int64_t warmup)
      : start_(warmup > 0 ? start : size), size_(size), warmup_(warmup) {}

  [[nodiscard]] bool grows() const { return start_ != size_; }
  [[nodiscard]] std::int64_t size() const { return size_; }
  /// Samples of step `step`'s batch.
  [[nodiscard]] std::int64_t at(std::int64_t step) const;
  /// The same as a share of `size`.
  [[nodiscard]] double share(std::int64_t step) const {
    return static_cast<double>(at(step)) / static_cast<double>(size_);
  }
  /// Samples of all batches before step `step`.
  [[nodiscard]] std::int64_t before(std::int64_t step) const;
  /// The fewest steps in which `workers` workers draw `samples` samples together.
  [[nodiscard]] std::int64_t steps_for(double samples, std::int64_t workers) const;

 private:
  std::int64_t start_;
  std::int64_t size_;
  std::int64_t warmup_ = 0;
};

}  // namespace sac
