#pragma once
#include <memory>
#include <string>

#include "engine/train/executor.h"
#include "engine/train/weight_average.h"

namespace sac {

/// The training loop of one worker: prepare, step after step, report, contribute to evaluations, hand over checkpoints.
/// The same on every fabric.
class WorkerLoop {
 public:
  WorkerLoop(const Job& job, int rank, Endpoint& endpoint);
  /// @param state  "" for a fresh start, or what an earlier `boundary` handed over.
  void run(const std::string& state);

 private:
  void io(Archive& archive);
  void after_step();
  void report();
  void follow();                              ///< takes the worker's part of the model into the average
  [[nodiscard]] Contribution contribution();  ///< its part of the model now

  const Job* job_;
  Endpoint* endpoint_;
  Worker worker_;
  std::unique_ptr<Strategy> strategy_;
  WeightAverage average_;
  LossValue loss_sum_;
  std::int64_t loss_count_ = 0;
};

}  // namespace sac
