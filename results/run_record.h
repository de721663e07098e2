#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace sac {

/// One row of `v_runs`: what is known of a run. Seconds are the run's clock; `*_s` are means over workers with
/// compute_s + communication_s + waiting_s + idle_s = seconds; bytes and messages are sums over workers.
struct RunRecord {
  std::int64_t run = 0;   ///< the run's number
  std::string name;       ///< unique
  std::string key;        ///< SHA-256 hex of everything that determines the run
  std::string group_key;  ///< the same without the seed
  std::string status;     ///< SCHEDULED RUNNING FINISHED FAILED KILLED CRASHED
  std::string strategy;
  std::int64_t workers = 0;
  std::uint64_t seed = 0;
  std::string dataset;
  std::string model;
  std::string fabric;
  std::int64_t batch_size = 0;     ///< per worker
  std::int64_t parameters = 0;     ///< D
  std::int64_t steps = 0;          ///< done, per worker
  std::int64_t planned_steps = 0;  ///< per worker
  std::optional<double> accuracy;  ///< in [0, 1]
  std::optional<double> loss;
  std::optional<double> train_loss;
  double seconds = 0.0;
  double wall_seconds = 0.0;
  double compute_s = 0.0;
  double communication_s = 0.0;
  double hidden_communication_s = 0.0;
  double waiting_s = 0.0;
  double idle_s = 0.0;
  std::int64_t payload_bytes = 0;
  std::int64_t wire_bytes = 0;
  std::int64_t messages = 0;
  std::optional<double> staleness_mean;
  std::optional<std::int64_t> staleness_max;
  std::string params_sha256;
  std::string spec;      ///< canonical TOML
  std::string created;   ///< ISO 8601, UTC
  std::string finished;  ///< ISO 8601, UTC, or ""
  std::string error;
  std::string checkpoint;            ///< path, or ""
  std::int64_t checkpoint_step = 0;  ///< steps per worker it holds; 0 without one
  bool resumable = false;
  std::string host;
  std::int64_t pid = 0;
};

}  // namespace sac
