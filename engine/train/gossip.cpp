#include "engine/train/gossip.h"

#include <ATen/ops/zeros_like.h>

namespace sac {

Gossip::Gossip(Worker& worker, const Mixing& mixing, const at::Tensor& message) : message_(message) {
  for (const Link& link : mixing.in) {
    theirs_.push_back(at::zeros_like(message));
    works_.push_back(worker.comm().recv_async(theirs_.back(), link.peer));
  }
  for (const int peer : mixing.out) works_.push_back(worker.comm().send_async(message, peer));
}

const std::vector<at::Tensor>& Gossip::receive() {
  for (const WorkPtr& work : works_) work->wait();
  for (std::size_t i = 0; i < theirs_.size(); ++i) {
    if (!works_[i]->arrived()) theirs_[i].copy_(message_);
  }
  works_.clear();
  return theirs_;
}

void mix(Worker& worker, const Mixing& mixing, const at::Tensor& values) {
  const at::Tensor ours = values.clone();
  Gossip gossip(worker, mixing, ours);
  const std::vector<at::Tensor>& theirs = gossip.receive();
  values.mul_(mixing.self);
  for (std::size_t i = 0; i < theirs.size(); ++i) values.add_(theirs[i], mixing.in[i].weight);
}

}  // namespace sac
