#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/core/metric_sink.h"
#include "engine/fabric/group/executor.h"
#include "engine/fabric/virtual/config.h"
#include "engine/fabric/virtual/timeline.h"
#include "engine/train/executor.h"
#include "experiments/data_cache.h"
#include "experiments/spec.h"

namespace sac {

/// How a run is carried out: changes its wall time and where its data lies, never its results.
struct RunSettings {
  int slots = 1;                            ///< threads that compute at a time, >= 1
  std::filesystem::path data_dir{};         ///< "" = search as `sactool data list` does
  Strings argv{};                           ///< for the provenance
  const std::atomic<bool>* stop = nullptr;  ///< set to end the run at its next step with a checkpoint
  std::filesystem::path save{};             ///< where the final model goes, as safetensors; "" = nowhere
  std::int64_t timeline = 0;                ///< steps of each worker to take down in the timeline; virtual runs
  std::shared_ptr<DataCache> data{};        ///< keeps data sets for further runs; null = each run loads its own
  std::optional<Launch> launch{};           ///< this process's place among real ranks; nothing = a virtual run
};

/// A spec bound to its data, model, optimiser and strategy, ready to run.
struct PreparedRun {
  RunContext context;
  Job job;
  ClusterConfig cluster;
  GroupConfig group;
  int slots = 1;
  std::optional<Launch> launch;        ///< nothing = on the virtual cluster
  std::shared_ptr<Timeline> timeline;  ///< null = nobody takes one down
};

/// Loads the data and checks everything that can be checked before the first step.
/// @throws ConfigError, DataError  naming what does not fit.
PreparedRun prepare_run(const RunSpec& spec, const RunSettings& settings);

/// What carries the run: the executor of its fabric.
std::unique_ptr<Executor> make_executor(const PreparedRun& run);

/// Tells the sink of the run, runs it, and tells the sink of its end: also when it fails (status FAILED with the
/// error's text, then throws on) and when it is stopped (status KILLED).
/// @param checkpoints  asked for the folder of the run's checkpoints once the sink has begun, when the run's unique
///                     name is known; "" = none are written.
RunOutcome execute(PreparedRun run, MetricSink& sink, const std::function<std::string()>& checkpoints);

}  // namespace sac
