#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/metric_sink.h"
#include "engine/core/span.h"
#include "results/process.h"
#include "results/run_record.h"

namespace sac {

class Database;

/// A metric sink bound to one run of a database. A thread of its own commits what was recorded about once a second and
/// keeps the heartbeat, so that the training thread never waits for the disk. Its failures (full disk, lost lock) are
/// thrown by the next call. Destroyed without `finish`, it marks the run FAILED.
class RunSink : public MetricSink {
 public:
  /// The run's number, > 0. Known after `begin`.
  [[nodiscard]] virtual std::int64_t run_id() const = 0;
  /// The run's unique name. Known after `begin`.
  [[nodiscard]] virtual const std::string& run_name() const = 0;
  /// Commits everything recorded, then remembers `path` as the checkpoint to resume from, so that a run killed later
  /// counts as resumable.  @throws StoreError
  virtual void checkpointed(const std::string& path, std::int64_t step) = 0;
  /// Stores what the workers did, unless a resumed run has its first steps stored already. After `finish`.
  /// @throws StoreError
  virtual void timeline(std::span<const Span> spans) = 0;
};

/// Which runs `Store::runs` lists; empty fields take every run.
struct RunFilter {
  std::string status;    ///< as in `RunRecord::status`
  std::string strategy;  ///< registry key
};

/// All runs in one SQLite file. Values are stored so that NaN, infinity and "absent" stay apart (see schema.h).
/// Several processes may write different runs at once; one `Store` object serves one thread.
class Store {
 public:
  enum class Mode {
    kRead,  ///< the file must exist; nothing is created. RUNNING runs of dead processes are marked where it is writable
    kWrite  ///< created when missing
  };

  /// @throws StoreError  missing (kRead), foreign, newer, damaged or read-only (kWrite) file, always named.
  static Store open(const std::filesystem::path& path, Mode mode);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  /// A sink for a new run. `begin` inserts it with status RUNNING; an empty name becomes
  /// "<strategy>-w<workers>-s<seed>", and a taken name gets "-2", "-3", ...  @throws StoreError, ConfigError  from
  /// `begin`: a name of digits only.
  [[nodiscard]] std::unique_ptr<RunSink> sink() const;

  /// A sink that continues run `id`. `begin` drops its points after `from_step` (nothing: all) and sets it RUNNING; the
  /// name in the context is ignored.  @throws StoreError  from `begin`: no such run, another key, finished, still
  /// running, or claimed by a sweep that has not started this process.
  [[nodiscard]] std::unique_ptr<RunSink> resume_sink(std::int64_t id, std::optional<std::int64_t> from_step) const;

  /// Runs by number, oldest first.
  [[nodiscard]] std::vector<RunRecord> runs(const RunFilter& filter = {}) const;
  /// The run with this number, exact name, or unique prefix of a key (4 hex digits or more).
  /// @throws UsageError  none or several fit, naming the choices.
  [[nodiscard]] RunRecord find(std::string_view text) const;
  /// @throws UsageError  no such run.
  [[nodiscard]] RunRecord get(std::int64_t id) const;
  /// The runs of the sweeps with this name, by number; none where there is no such sweep.
  [[nodiscard]] std::vector<RunRecord> runs_of_sweep(std::string_view name) const;
  /// The newest run with exactly this key and status ("" = any).
  [[nodiscard]] std::optional<RunRecord> newest(std::string_view key, std::string_view status = "") const;

  /// Names of the series a run has, sorted.
  [[nodiscard]] std::vector<std::string> series(std::int64_t id) const;
  /// One series of a run, by step.
  [[nodiscard]] std::vector<MetricPoint> points(std::int64_t id, std::string_view series) const;
  /// Time and bytes of each worker, by rank.
  [[nodiscard]] std::vector<WorkerTotals> workers(std::int64_t id) const;
  /// Staleness -> number of updates.
  [[nodiscard]] std::map<std::int64_t, std::int64_t> staleness(std::int64_t id) const;
  /// What the workers did during their first steps, by rank and time; empty where nobody took it down.
  [[nodiscard]] std::vector<Span> timeline(std::int64_t id) const;
  /// Compiler, versions, host, argv, ... in the order they were given.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> provenance(std::int64_t id) const;

  /// Says for `process`, which is gone, how the run that it was writing ended. A run that had finished stays so.
  /// @return whether there was one.  @throws StoreError  read-only.
  bool end_run_of(const ProcessId& process, RunStatus status, const std::string& error);

  /// Removes runs with everything that belongs to them, all or none.  @throws StoreError  read-only; UsageError  a run
  /// that is still running or does not exist.
  void remove(std::span<const std::int64_t> ids);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  Store(std::filesystem::path path, std::unique_ptr<Database> database);

  std::filesystem::path path_;
  std::unique_ptr<Database> database_;
};

}  // namespace sac
