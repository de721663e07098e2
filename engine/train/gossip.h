#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "engine/train/topology.h"
#include "engine/train/worker.h"

namespace sac {

/// Messages of one gossip step under way between neighbours.
class Gossip {
 public:
  /// Sends `message` to everybody who hears this rank and asks for theirs. Borrows it until `receive` returns.
  Gossip(Worker& worker, const Mixing& mixing, const at::Tensor& message);
  /// What each of mixing.in has sent, in that order; from who has died this rank's own message, so that the weights
  /// still add up to 1.
  const std::vector<at::Tensor>& receive();

 private:
  at::Tensor message_;
  std::vector<at::Tensor> theirs_;
  std::vector<WorkPtr> works_;  ///< a receipt each of theirs_, then the sends
};

/// values [n] <- self values + sum of weight * theirs, one message a link.
void mix(Worker& worker, const Mixing& mixing, const at::Tensor& values);

}  // namespace sac
