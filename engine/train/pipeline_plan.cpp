#include "engine/train/pipeline_plan.h"

#include <algorithm>
#include <string>

#include "engine/core/error.h"

namespace sac {
namespace {

std::int64_t resolved_micro_batches(const PipelineConfig& config, const BatchSchedule& batches) {
  const std::int64_t smallest = batches.at(0);
  if (config.micro_batches == 0 && !batches.grows()) return std::min(config.stages, smallest);
  if (config.micro_batches == 0 && config.stages <= smallest) return config.stages;
  if (config.micro_batches == 0) {
    throw ConfigError("cluster.pipeline = " + std::to_string(config.stages) +
                      " takes as many micro-batches, more than train.batch_start = " + std::to_string(smallest) +
                      "; give more samples or fewer cluster.micro_batches");
  }
  if (config.micro_batches <= smallest) return config.micro_batches;
  throw ConfigError("cluster.micro_batches = " + std::to_string(config.micro_batches) + " is more than train." +
                    (batches.grows() ? "batch_start" : "batch_size") + " = " + std::to_string(smallest) +
                    "; a micro-batch needs at least one sample");
}

}  // namespace

PipelineConfig pipeline_config(const Options& cluster, const Options& compute) {
  const std::int64_t workers = cluster.integer("workers");
  const std::int64_t stages = cluster.integer("pipeline");
  if (workers % stages != 0) {
    throw ConfigError("cluster.pipeline = " + std::to_string(stages) +
                      " does not divide cluster.workers = " + std::to_string(workers) +
                      ", which are all ranks: every replica of the model takes " + std::to_string(stages) + " of them");
  }
  return {.stages = stages,
          .micro_batches = cluster.integer("micro_batches"),
          .gpipe = cluster.text("pipeline_schedule") == "gpipe",
          .equal = compute.text("stages") == "equal"};
}

std::shared_ptr<const PipelinePlan> plan_pipeline(const PipelineConfig& config, const Model& model,
                                                  const BatchSchedule& batches,
                                                  const std::function<OptimizerFactory(const Layout&)>& optimizer) {
  auto plan = std::make_shared<PipelinePlan>();
  plan->micro_batches = resolved_micro_batches(config, batches);
  plan->gpipe = config.gpipe;
  if (config.stages == 1 && plan->micro_batches == 1) return nullptr;
  const double forward = model.layout().forward_flops();
  const double backward = model.layout().backward_flops();
  const double total = forward + backward;
  const auto stages = static_cast<double>(config.stages);
  for (const auto& stage : model.stages(config.stages)) {
    const Layout& layout = stage->layout();
    plan->flop_shares.push_back((layout.forward_flops() + layout.backward_flops()) / total);
    plan->parts.push_back({.stage = stage,
                           .optimizer = optimizer(layout),
                           .forward = (config.equal ? forward / stages : layout.forward_flops()) / total,
                           .backward = (config.equal ? backward / stages : layout.backward_flops()) / total});
  }
  return plan;
}

}  // namespace sac
