#pragma once
#include <memory>
#include <utility>

#include "engine/train/batch_source.h"

namespace sac {

/// Brings another source's mini-batches to a device: gathered on the host in page-locked memory, copied behind the
/// caller's stream without waiting. Each of the caller's threads needs a Batch of its own.
class DeviceBatches final : public BatchSource {
 public:
  DeviceBatches(std::shared_ptr<const BatchSource> source, at::Device device)
      : source_(std::move(source)), device_(device) {}

  [[nodiscard]] std::int64_t train_size() const override { return source_->train_size(); }
  [[nodiscard]] std::int64_t eval_size() const override { return source_->eval_size(); }
  void train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const override;
  void eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const override;

 private:
  [[nodiscard]] Batch host_batch(const Batch& batch) const;
  void bring(const Batch& host, Batch& batch) const;

  std::shared_ptr<const BatchSource> source_;
  at::Device device_;
};

}  // namespace sac
