#include "engine/train/device_batches.h"

#include <ATen/ops/empty_like.h>

namespace sac {
namespace {

/// The allocator of page-locked memory keeps a block from being used again until the copies out of it are done.
at::Tensor host_like(const at::Tensor& tensor) {
  return at::empty_like(tensor, at::TensorOptions(at::kCPU).pinned_memory(!tensor.is_cpu()));
}

void bring_tensor(const at::Tensor& host, at::Device device, at::Tensor& tensor) {
  if (tensor.defined() && tensor.sizes() == host.sizes()) {
    tensor.copy_(host, /*non_blocking=*/true);
  } else {
    tensor = host.to(device, host.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  }
}

}  // namespace

/// Memory for the next batch, of the shape of the last one; none before the first.
Batch DeviceBatches::host_batch(const Batch& batch) const {
  if (!batch.inputs.defined() || !batch.targets.defined()) return {};
  return {host_like(batch.inputs), host_like(batch.targets)};
}

void DeviceBatches::bring(const Batch& host, Batch& batch) const {
  bring_tensor(host.inputs, device_, batch.inputs);
  bring_tensor(host.targets, device_, batch.targets);
  if (host.shares.defined()) bring_tensor(host.shares, device_, batch.shares);
  batch.place = host.place;
}

void DeviceBatches::train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const {
  Batch host = host_batch(batch);
  source_->train_batch(member, members, step, part, parts, host);
  bring(host, batch);
}

void DeviceBatches::eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const {
  Batch host = host_batch(batch);
  source_->eval_batch(begin, end, host);
  bring(host, batch);
}

}  // namespace sac
