#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sac {

/// The series and final of a pipeline: the mean share of a pass in which its stages stand still.
constexpr const char* kBubble = "bubble";

/// How a run's replicas are spread over workers.
struct PipelineFacts {
  std::vector<double> flop_shares;  ///< of each stage
  std::int64_t micro_batches = 1;
  std::string schedule;  ///< "1f1b", "gpipe"
  double bubble_law = 0.0;
};

/// What is known of a run before its first step.
struct RunContext {
  std::string name;       ///< human name; unique names are the store's duty
  std::string key;        ///< run key: SHA-256 hex of canonical spec + seed + data hash + schema version
  std::string group_key;  ///< the same without the seed: runs of one group are replicates
  std::string spec_toml;  ///< canonical resolved spec
  std::string strategy;
  std::string dataset;
  std::string model;
  std::string fabric;  ///< "virtual", "gloo", "nccl"
  std::int64_t workers = 0;
  std::uint64_t seed = 0;
  std::int64_t batch_size = 0;                                  ///< per worker
  std::int64_t steps = 0;                                       ///< planned, per worker
  std::int64_t parameters = 0;                                  ///< D
  std::vector<std::pair<std::string, std::string>> provenance;  ///< compiler, versions, host, argv, ...
  std::optional<PipelineFacts> pipeline{};                      ///< where replicas are spread over workers
};

/// One point of one series. NaN and infinity are legal values and must survive storage.
struct MetricPoint {
  std::string series;           ///< "train_loss", "loss", "accuracy", "learning_rate", "period", "drift", ...
  std::int64_t step = 0;        ///< steps per worker finished
  double seconds = 0.0;         ///< the run's clock
  std::int64_t samples = 0;     ///< samples seen, all workers
  std::int64_t wire_bytes = 0;  ///< bytes sent, all workers
  double value = 0.0;
};

/// Where one worker's time and bytes went. compute + communication + waiting + idle = the run's seconds.
struct WorkerTotals {
  double compute_s = 0.0;
  double communication_s = 0.0;         ///< exposed
  double hidden_communication_s = 0.0;  ///< overlapped with compute; not part of the sum
  double waiting_s = 0.0;               ///< for other workers
  double idle_s = 0.0;                  ///< after its last step
  std::int64_t payload_bytes = 0;       ///< what the strategy asked to send
  std::int64_t wire_bytes = 0;          ///< what the algorithms sent
  std::int64_t messages = 0;
};

enum class RunStatus { kScheduled, kRunning, kFinished, kFailed, kKilled };

/// What is known of a run at its end. `params_sha256` and the finals are empty on failure.
struct RunOutcome {
  RunStatus status = RunStatus::kFinished;
  std::string error;       ///< one line, empty unless failed
  bool resumable = false;  ///< stopped with a checkpoint
  std::string checkpoint;  ///< its path, or ""
  std::int64_t steps = 0;  ///< done, per worker (the least over workers)
  std::string params_sha256;
  std::optional<double> accuracy;                  ///< in [0, 1]
  std::optional<double> loss;                      ///< evaluation loss
  std::optional<double> train_loss;                ///< mean over the last logging interval
  std::optional<double> bubble;                    ///< of a pipeline: mean over the steps
  double seconds = 0.0;                            ///< the run's clock, evaluation left out
  double wall_seconds = 0.0;                       ///< training loop on this machine, evaluation left out
  std::vector<WorkerTotals> workers;               ///< by rank
  std::map<std::int64_t, std::int64_t> staleness;  ///< staleness -> number of updates; empty without a server
};

/// How far a run is; for progress displays and heartbeats, not stored as a series.
struct Progress {
  std::int64_t step = 0;
  std::int64_t steps = 0;
  double seconds = 0.0;
  double train_loss = 0.0;
};

/// Takes what a run reports: context before data, one finish. Called from one thread at a time, off the timed path.
class MetricSink {
 public:
  virtual ~MetricSink() = default;
  virtual void begin(const RunContext& context) = 0;
  virtual void record(std::span<const MetricPoint> points) = 0;
  virtual void progress(const Progress& progress) = 0;
  virtual void finish(const RunOutcome& outcome) = 0;
};

/// "SCHEDULED", "RUNNING", "FINISHED", "FAILED", "KILLED".
const char* status_name(RunStatus status);

}  // namespace sac
