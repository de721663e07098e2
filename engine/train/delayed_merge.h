#pragma once
#include <cstdint>
#include <deque>

#include "engine/train/archive.h"
#include "engine/train/slices.h"
#include "engine/train/worker.h"

namespace sac {

/// Averages that travel while the workers go on: what was sent at step t is merged `delay` steps later, with the
/// progress made meanwhile kept on top: x_k <- x_k + (mean_j s_j - s_k), s the elements as they were sent. Wang et al.
/// 2020, "Overlap Local-SGD", arXiv:2002.09539, without its anchor.
class DelayedMerge {
 public:
  explicit DelayedMerge(std::int64_t delay) : delay_(delay) {}

  void send(Worker& worker, const Slices& slices);
  /// At the end of a step: merges what is due; everything, at the run's last step.
  void merge_due(Worker& worker);
  void io(Archive& archive, Worker& worker);

 private:
  struct Flight {
    std::vector<Range> ranges{};
    std::int64_t due = 0;  ///< step
    at::Tensor sent{};     ///< s_k
    at::Tensor mean{};     ///< becomes mean_j s_j
    WorkPtr work{};
  };

  std::int64_t delay_;
  std::deque<Flight> flights_;
};

}  // namespace sac
