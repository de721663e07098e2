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

  static constexpr std::int64_t kNever = std::int64_t{1} << 40;  ///< a delay: until merge_all

  void send(Worker& worker, const Slices& slices) { send(worker, slices, kParameters); }
  /// All of the parameters and of the optimiser's state.
  void send_with_state(Worker& worker);
  /// At the end of a step: merges what is due; everything, at the run's last step.
  void merge_due(Worker& worker);
  void merge_all(Worker& worker);
  void io(Archive& archive, Worker& worker);

 private:
  struct Flight {
    std::vector<Range> ranges{};
    std::int64_t due = 0;  ///< step
    at::Tensor sent{};     ///< s_k
    at::Tensor mean{};     ///< becomes mean_j s_j
    WorkPtr work{};
    std::int64_t target = kParameters;
  };
  static constexpr std::int64_t kParameters = -1;  ///< a target; from 0 on the optimiser's state tensors

  void send(Worker& worker, const Slices& slices, std::int64_t target);
  void merge_first(Worker& worker);
  static at::Tensor target_of(Worker& worker, std::int64_t target);

  std::int64_t delay_;
  std::deque<Flight> flights_;
};

}  // namespace sac
