#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "engine/core/metric_sink.h"
#include "engine/core/span.h"
#include "results/database.h"
#include "results/process.h"
#include "results/sink.h"

namespace sac {

/// The SQL behind a sink: every call is one transaction. One thread at a time.
class RunWriter {
 public:
  /// @throws StoreError
  explicit RunWriter(const std::filesystem::path& path);

  /// Inserts a run with status RUNNING and takes a free name.  @throws StoreError, ConfigError  a name of digits only.
  void insert(const RunContext& context);
  /// Takes a run up again, or for the first time where it was only scheduled.
  /// @throws StoreError  no such run, another key, finished, still running, or claimed by a process that is none of
  /// those that started this one.
  void resume(const RunContext& context, const ResumePoint& from);
  /// Appends points and refreshes heartbeat and progress.  @throws StoreError  also where another process has taken
  /// the run over.
  void append(std::span<const MetricPoint> points, const Progress& progress);
  void set_checkpoint(const std::string& path, std::int64_t step);
  void finish(const RunOutcome& outcome);
  /// Stores what the workers did, unless it is stored already.
  void keep_timeline(std::span<const Span> spans);

  [[nodiscard]] std::int64_t run() const { return run_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::int64_t series_id(const std::string& series);
  void insert_provenance(const RunContext& context);
  void check_resumable(const RunContext& context, std::int64_t run);
  void check_owner();
  void claim();
  void finish_row(const RunOutcome& outcome);
  void finish_checkpoint(const RunOutcome& outcome);
  void replace_workers(const RunOutcome& outcome);
  void replace_staleness(const RunOutcome& outcome);

  Database database_;
  ProcessId self_ = this_process();
  std::int64_t run_ = 0;
  std::int64_t next_ordinal_ = 0;
  std::string name_;
  std::map<std::string, std::int64_t> series_ids_;
};

/// A row of `runs` and its unique name.
struct RunRow {
  std::int64_t run = 0;
  std::string name;
};

/// Inserts a run that nobody owns yet and takes a free name. Within a transaction of the caller.
/// @throws ConfigError  a name of digits only.
RunRow insert_run(Database& database, const RunContext& context, std::string_view status);

/// Seconds since 1970, UTC.
double unix_seconds();

}  // namespace sac
