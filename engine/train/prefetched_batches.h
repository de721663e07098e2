#pragma once
#include <cstdint>
#include <memory>

#include "engine/train/batch_source.h"

namespace sac {

/// How mini-batches are prepared ahead of the training loop. Changes the wall time only.
struct LoaderConfig {
  int threads = 0;         ///< that prepare batches
  int ahead = 1;           ///< batches a member, at most, >= 1; fewer where they would take more than a GiB
  std::int64_t steps = 0;  ///< no batch of this step or a later one is prepared ahead
};

/// Another source's training batches, prepared on threads of its own while training computes: whoever takes a member's
/// batch has that member's next ones prepared. A batch that no thread has begun yet is made by who asks for it, so that
/// nobody waits while there is work. What goes wrong on a thread is thrown where the batch is asked for. Threads start
/// with the first batch and end with this object.
class PrefetchedBatches final : public BatchSource {
 public:
  PrefetchedBatches(std::shared_ptr<const BatchSource> source, const LoaderConfig& config);
  ~PrefetchedBatches() override;

  [[nodiscard]] std::int64_t train_size() const override { return source_->train_size(); }
  [[nodiscard]] std::int64_t eval_size() const override { return source_->eval_size(); }
  void train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const override;
  void eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const override {
    source_->eval_batch(begin, end, batch);
  }

 private:
  class Loader;

  std::shared_ptr<const BatchSource> source_;
  std::unique_ptr<Loader> loader_;
};

}  // namespace sac
