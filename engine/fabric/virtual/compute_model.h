#pragma once
#include <cstdint>
#include <vector>

#include "engine/core/random.h"
#include "engine/fabric/virtual/config.h"

namespace sac {

/// How long workers compute: one stream of draws a worker, so that one worker's times never depend on another's.
class ComputeModel {
 public:
  /// @param flops  of one full mini-batch, forward and backward; used where config.seconds_per_step is 0.
  /// @throws ConfigError  shift_s above the mean that the FLOPs give.
  ComputeModel(const ComputeConfig& config, double flops);

  /// Seconds that worker `rank` takes for one full mini-batch: the model's draw over the worker's speed.
  [[nodiscard]] double draw(int rank, RandomStream& stream) const;
  [[nodiscard]] double mean() const { return mean_; }

 private:
  ComputeConfig config_;
  double mean_;
};

}  // namespace sac
