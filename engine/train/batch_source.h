#pragma once
#include <cstdint>

#include "engine/nn/model.h"

namespace sac {

/// Where mini-batches come from: a pure function of its arguments, safe to call from many threads at once.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  [[nodiscard]] virtual std::int64_t train_size() const = 0;
  [[nodiscard]] virtual std::int64_t eval_size() const = 0;
  /// Part `part` of `parts` equal parts of the mini-batch that member `member` of `members` draws at its step `step`
  /// (0-based). Reuses batch's tensors where they fit.
  virtual void train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const = 0;
  /// Evaluation samples [begin, end).
  virtual void eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const = 0;
};

}  // namespace sac
