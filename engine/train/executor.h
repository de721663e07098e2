#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/core/metric_sink.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/schedule.h"
#include "engine/train/batch_source.h"
#include "engine/train/checkpoints.h"
#include "engine/train/config.h"
#include "engine/train/pipeline_plan.h"
#include "engine/train/strategy.h"

namespace sac {

/// Told of a model that was evaluated: parameters [D] and buffers [S], on the CPU.
using Evaluated = std::function<void(std::int64_t step, const at::Tensor& parameters, const at::Tensor& buffers)>;

/// Everything an executor needs to run: built from a spec by experiments/.
struct Job {
  std::int64_t workers = 1;      ///< all of them; with a pipeline several hold one replica together
  at::Device device = at::kCPU;  ///< where parameters, gradients and mini-batches lie
  TrainConfig train;             ///< steps resolved
  std::shared_ptr<const Model> model;
  std::shared_ptr<const BatchSource> data;
  std::shared_ptr<const PipelinePlan> pipeline{};  ///< null = every worker holds a whole model
  OptimizerFactory optimizer;
  Options schedule;                                     ///< for LearningRate
  std::function<std::unique_ptr<Strategy>()> strategy;  ///< a new object a worker
  std::string key;                                      ///< run key
  std::string spec;                                     ///< canonical TOML, for the checkpoints
  std::string checkpoint_path;                          ///< folder of the run's checkpoints; "" = none can be written
  bool checkpoints_stay = false;                        ///< also when it has finished
  std::shared_ptr<const Checkpoint> resume;             ///< to start from; null = from the start
  /// Told before the checkpoint of `step` is written: points recorded by then must be safe by its return, for a resumed
  /// run will not repeat them.
  std::function<void(std::int64_t step)> checkpointing;
  Evaluated evaluated;                      ///< may be empty
  const std::atomic<bool>* stop = nullptr;  ///< set (by a signal) to stop at the next step with a checkpoint

  /// Of the model: what strategies see as the world's size.
  [[nodiscard]] std::int64_t replicas() const { return pipeline ? workers / pipeline->stages() : workers; }
  /// Of a flat tensor of the model.
  [[nodiscard]] at::TensorOptions tensor_options() const { return at::TensorOptions(model->dtype()).device(device); }
};

/// Runs a job to its end on one kind of cluster. Points and progress go to the sink; `begin` and `finish` are the
/// caller's.  @throws ConfigError  the strategy's traits do not fit the fabric.  @throws CommunicationError, RunError.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual RunOutcome run(const Job& job, MetricSink& sink) = 0;
};

}  // namespace sac
