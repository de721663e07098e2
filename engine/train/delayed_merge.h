#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "engine/train/compressed_mean.h"
#include "engine/train/slices.h"
#include "engine/train/worker.h"

namespace sac {

/// Averages that travel while the workers go on: what was sent at step t is merged `delay` steps later, with the
/// progress made meanwhile kept on top: x_k <- x_k + (mean_j s_j - s_k), s the elements as they were sent; without
/// progress the mean itself. Wang et al. 2020, "Overlap Local-SGD", arXiv:2002.09539, without its anchor.
/// With a codec r + mean_j C(s_j - r) stands for the mean of the parameters, r the last mean of those elements.
class DelayedMerge {
 public:
  static constexpr std::int64_t kNever = std::int64_t{1} << 40;  ///< a delay: until merge_all

  /// @param options  hold those of Compressor.  @param strategy  for messages.  @param pieces  sent apart, each always
  /// the same elements where errors are fed back.  @throws ConfigError
  DelayedMerge(std::int64_t delay, const Options& options, const std::string& strategy, std::int64_t pieces = 1);

  [[nodiscard]] bool exact() const { return !means_.front().active(); }
  [[nodiscard]] bool oblivious() const { return means_.front().oblivious(); }
  [[nodiscard]] OnDeath on_death() const { return means_.front().on_death(); }
  /// Before the first step, and whenever all replicas are equal: r.
  void agree(Worker& worker);
  void send(Worker& worker, const Slices& slices, std::int64_t piece = 0);
  /// All of the parameters and of the optimiser's state, which is never compressed.
  void send_with_state(Worker& worker);
  /// At the end of a step: merges what is due; everything, at the run's last step.
  void merge_due(Worker& worker);
  void merge_all(Worker& worker);
  void io(Archive& archive, Worker& worker);

 private:
  static constexpr std::int64_t kParameters = -1;  ///< a target; from 0 on the optimiser's state tensors
  struct Flight {
    std::vector<Range> ranges{};
    std::int64_t posted = 0;  ///< step
    at::Tensor sent{};        ///< s_k
    at::Tensor agreed{};      ///< r; undefined without a codec
    std::int64_t target = kParameters;
    std::int64_t piece = 0;
    CompressedMean::Flight exchange{};
    void io(Archive& archive, Communicator& comm);
  };

  [[nodiscard]] CompressedMean& mean_of(const Flight& flight) {
    return flight.target == kParameters ? means_[static_cast<std::size_t>(flight.piece)] : plain_;
  }
  void send(Worker& worker, const Slices& slices, std::int64_t target, std::int64_t piece);
  void merge_first(Worker& worker);
  static at::Tensor target_of(Worker& worker, std::int64_t target);

  std::int64_t delay_;
  std::vector<CompressedMean> means_;  ///< of each piece
  CompressedMean plain_;               ///< of states
  at::Tensor agreed_;                  ///< r, [D]; undefined without a codec
  std::deque<Flight> flights_;
};

}  // namespace sac
