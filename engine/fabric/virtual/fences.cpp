#include "engine/fabric/virtual/fences.h"

namespace sac {

Fences::Fences(at::Device device, int workers) : device_(device) {
  if (device_.is_cpu()) return;
  const c10::impl::VirtualGuardImpl backend(device_.type());
  world_ = backend.getStreamFromGlobalPool(device_);
  done_.emplace(device_.type());
  for (int rank = 0; rank < workers; ++rank) {
    lanes_.push_back({.stream = backend.getStreamFromGlobalPool(device_), .lent = c10::Event(device_.type())});
  }
}

c10::OptionalStreamGuard Fences::worker_stream(int rank) const {
  if (idle()) return c10::OptionalStreamGuard();
  return c10::OptionalStreamGuard(lanes_[static_cast<std::size_t>(rank)].stream);
}

void Fences::lend(int rank, std::initializer_list<at::Tensor> tensors) {
  if (idle()) return;
  const std::lock_guard lock(mutex_);
  Lane& lane = lanes_[static_cast<std::size_t>(rank)];
  for (const at::Tensor& tensor : tensors) {
    if (tensor.defined() && !tensor.is_cpu()) tensor.record_stream(*world_);
  }
  lane.lent.record(lane.stream);
}

void Fences::take(int rank, const at::Tensor& answer) {
  if (idle()) return;
  const std::lock_guard lock(mutex_);
  Lane& lane = lanes_[static_cast<std::size_t>(rank)];
  if (lane.seen < turns_) done_->block(lane.stream);
  lane.seen = turns_;
  if (answer.defined() && !answer.is_cpu()) answer.record_stream(lane.stream);
}

void Fences::join(int rank) {
  const std::lock_guard lock(mutex_);
  if (rank != kEveryone) return lanes_[static_cast<std::size_t>(rank)].lent.block(*world_);
  for (const Lane& lane : lanes_) lane.lent.block(*world_);
}

void Fences::leave() {
  const std::lock_guard lock(mutex_);
  done_->record(*world_);
  ++turns_;
}

void Fences::drain() const {
  if (!idle()) c10::impl::VirtualGuardImpl(device_.type()).synchronizeDevice(device_.index());
}

Fences::Turn::Turn(Fences& fences, int rank) : fences_(fences) {
  if (fences_.idle()) return;
  stream_.reset_stream(*fences_.world_);
  fences_.join(rank);
}

Fences::Turn::~Turn() {
  if (!fences_.idle()) fences_.leave();
}

}  // namespace sac
