#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/core/batch_schedule.h"
#include "engine/core/options.h"
#include "engine/nn/stage.h"
#include "engine/optim/optimizer.h"

namespace sac {

/// How every replica of the model is spread over workers: cluster.pipeline, micro_batches and pipeline_schedule, and
/// cluster.compute.stages.
struct PipelineConfig {
  std::int64_t stages = 1;  ///< P, a worker each
  std::int64_t micro_batches =
      0;               ///< m, of every mini-batch; 0 = as many as stages, where the batch has so many samples
  bool gpipe = false;  ///< all ways forward before the first way back; else in turn (1F1B)
  bool equal = false;  ///< stages take equal times; else by their FLOPs
};

/// @throws ConfigError  the stages do not divide the workers.
PipelineConfig pipeline_config(const Options& cluster, const Options& compute);

/// One stage with what a worker that holds it needs.
struct StagePart {
  std::shared_ptr<const Stage> stage;
  OptimizerFactory optimizer;  ///< of the stage's tensors
  double forward = 0.0;        ///< of the time of a whole mini-batch through the whole model: its way forward
  double backward = 0.0;       ///< and back
};

/// A model cut into stages. Rank stage * K + replica of P x K workers holds stage `stage` of replica `replica`.
struct PipelinePlan {
  std::vector<StagePart> parts;
  std::vector<double> flop_shares;  ///< of each stage in the model's FLOPs
  std::int64_t micro_batches = 1;
  bool gpipe = false;

  [[nodiscard]] std::int64_t stages() const { return static_cast<std::int64_t>(parts.size()); }
  /// The share of its time in which a stage of a homogeneous pipeline stands still, (P - 1) / (m + P - 1)
  /// (Huang et al., "GPipe", NeurIPS 2019, arXiv:1811.06965).
  [[nodiscard]] double bubble_law() const {
    return static_cast<double>(stages() - 1) / static_cast<double>(micro_batches + stages() - 1);
  }
};

/// @param batches  of a replica.  @param optimizer  makes the run's for tensors that lie so.
/// @return null where one worker holds the model and takes its batch at once.
/// @throws ConfigError  more micro-batches than samples; a model that cannot be cut so often.
std::shared_ptr<const PipelinePlan> plan_pipeline(const PipelineConfig& config, const Model& model,
                                                  const BatchSchedule& batches,
                                                  const std::function<OptimizerFactory(const Layout&)>& optimizer);

}  // namespace sac
