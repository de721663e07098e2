#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "engine/core/metric_sink.h"
#include "results/database.h"
#include "results/sink.h"

namespace sac {

/// The SQL behind a sink: every call is one transaction. One thread at a time.
class RunWriter {
 public:
  /// @throws StoreError
  explicit RunWriter(const std::filesystem::path& path);

  /// Inserts a run with status RUNNING and takes a free name.  @throws StoreError, ConfigError  a name of digits only.
  void insert(const RunContext& context);
  /// Takes a run up again.  @throws StoreError  no such run, another key, finished or still running.
  void resume(const RunContext& context, const ResumePoint& from);
  /// Appends points and refreshes heartbeat and progress.
  void append(std::span<const MetricPoint> points, const Progress& progress);
  void set_checkpoint(const std::string& path, std::int64_t step);
  void finish(const RunOutcome& outcome);

  [[nodiscard]] std::int64_t run() const { return run_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string free_name(const RunContext& context);
  std::int64_t series_id(const std::string& series);
  void insert_provenance(const RunContext& context);
  void check_resumable(const RunContext& context, std::int64_t run);
  void claim();
  void finish_row(const RunOutcome& outcome);
  void finish_checkpoint(const RunOutcome& outcome);
  void replace_workers(const RunOutcome& outcome);
  void replace_staleness(const RunOutcome& outcome);

  Database database_;
  std::int64_t run_ = 0;
  std::int64_t next_ordinal_ = 0;
  std::string name_;
  std::map<std::string, std::int64_t> series_ids_;
};

/// Seconds since 1970, UTC.
double unix_seconds();

}  // namespace sac
