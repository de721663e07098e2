#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/core/metric_sink.h"
#include "results/database.h"
#include "results/early_stop.h"

namespace sac {

/// A sweep as the database knows it.
struct SweepEntry {
  std::string key;     ///< equal for the same runs in the same order
  std::string name;    ///< for `compare NAME`; several sweeps may share it
  std::string method;  ///< grid | random | zipped | explicit
  std::string axes;    ///< the swept keys, with spaces between
};

/// A run of a sweep that this process may now start.
struct ClaimedRun {
  std::int64_t run = 0;
  std::string name;
};

/// How far a sweep is. Every run is counted once.
struct SweepCounts {
  std::int64_t finished = 0;
  std::int64_t running = 0;
  std::int64_t failed = 0;
  std::int64_t given_up = 0;    ///< stopped early, see EarlyStop
  std::int64_t waiting = 0;     ///< scheduled, killed or crashed
  std::int64_t steps = 0;       ///< done, of all runs that have neither failed nor been given up
  std::int64_t left_steps = 0;  ///< of the same
  [[nodiscard]] std::int64_t runs() const { return finished + running + failed + given_up + waiting; }
};

/// The sweeps of a database, and who works on their runs. A run of a sweep is a row of `runs` from the start: SCHEDULED
/// until it begins. Its owner is in the row: whoever has claimed it, then the process that runs it. The claim of a dead
/// process counts for nothing. Every call is one transaction, so that several processes can drain one sweep.
class SweepStore {
 public:
  /// @throws StoreError
  explicit SweepStore(const std::filesystem::path& path);

  /// Enters a sweep and those of its runs whose keys are new; what is there stays as it is.
  /// @param runs  in the order in which they should start. `name` is a wish.  @return the sweep's number.
  std::int64_t enter(const SweepEntry& sweep, std::span<const RunContext> runs);

  /// Claims the next run that is neither finished nor in the hands of a living process.
  /// @param retry_failed  FAILED runs count as well.  @param leave_out  runs not to claim.
  std::optional<ClaimedRun> claim(std::int64_t sweep, bool retry_failed, const std::set<std::int64_t>& leave_out);

  /// Says how a claimed run ended whose process could not say so itself. Does nothing to a FINISHED run.
  /// @param status  FAILED, or CRASHED: the next sweep starts it again.
  void end(std::int64_t run, const std::string& status, const std::string& error);

  /// Whether `rule` gives run `run` up; if so, why. The rungs that it has passed are looked at, the last first.
  [[nodiscard]] std::optional<std::string> why_hopeless(std::int64_t sweep, std::int64_t run, const EarlyStop& rule);
  /// Gives a run up that has ended: no claim takes it any more.  @param why  one line.
  void give_up(std::int64_t run, const std::string& why);

  /// The same with FAILED, where the run has not said so itself.
  void end_unless_failed(std::int64_t run, const std::string& error);

  /// Runs that are neither finished nor failed nor given up, without those of `leave_out`.
  [[nodiscard]] std::int64_t unfinished(std::int64_t sweep, const std::set<std::int64_t>& leave_out);
  [[nodiscard]] SweepCounts counts(std::int64_t sweep);
  /// Names of the FINISHED runs that keep no checkpoints.
  [[nodiscard]] std::vector<std::string> finished_without_checkpoints(std::int64_t sweep);
  /// Error texts of the FAILED runs by name.
  [[nodiscard]] std::map<std::string, std::string> failures(std::int64_t sweep);

 private:
  std::int64_t sweep_row(const SweepEntry& sweep);
  std::int64_t run_row(const RunContext& context);
  std::map<std::int64_t, double> values_at(std::int64_t sweep, std::int64_t run, const EarlyStop& rule,
                                           std::int64_t rung);

  Database database_;
};

}  // namespace sac
