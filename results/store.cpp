#include "results/store.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/value.h"
#include "results/process.h"
#include "results/run_reader.h"
#include "results/run_writer.h"
#include "results/schema.h"
#include "results/sink.h"

namespace sac {
namespace {

constexpr std::size_t kListedRuns = 8;

/// RUNNING runs of this machine whose process is gone.
std::vector<std::int64_t> crashed_runs(Database& database) {
  std::vector<std::int64_t> runs;
  Statement select(database, "SELECT run, machine, pid, pid_started FROM runs WHERE status = 'RUNNING'");
  while (select.step()) {
    if (!maybe_alive({select.text(1), select.integer(2), select.integer(3)})) runs.push_back(select.integer(0));
  }
  return runs;
}

void mark_crashed(Database& database) {
  const std::vector<std::int64_t> runs = crashed_runs(database);
  if (runs.empty()) return;
  Transaction transaction(database);
  Statement update(database,
                   "UPDATE runs SET status = 'CRASHED', finished = heartbeat, error = 'its process is gone' "
                   "WHERE run = ? AND status = 'RUNNING'");
  for (const std::int64_t run : runs) update.bind(run).run();
  transaction.commit();
}

/// Marking is a courtesy to readers: a place that cannot be written must not stop them.
void try_to_mark_crashed(Database& database) {
  try {
    mark_crashed(database);
  } catch (const StoreError&) {
  }
}

std::string describe(const std::vector<RunRecord>& runs) {
  Strings words;
  for (const RunRecord& run : runs) {
    if (words.size() == kListedRuns) {
      words.push_back("... (" + std::to_string(runs.size()) + " runs)");
      break;
    }
    words.push_back(run.name + " (" + std::to_string(run.run) + ")");
  }
  return join(words);
}

bool all_of_class(std::string_view text, bool hex) {
  return !text.empty() &&
         std::ranges::all_of(text, [hex](char c) { return (c >= '0' && c <= '9') || (hex && c >= 'a' && c <= 'f'); });
}

}  // namespace

Store::Store(std::filesystem::path path, std::unique_ptr<Database> database)
    : path_(std::move(path)), database_(std::move(database)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Store Store::open(const std::filesystem::path& path, Mode mode) {
  auto database = std::make_unique<Database>(mode == Mode::kWrite ? open_for_writing(path) : open_for_reading(path));
  if (mode == Mode::kWrite) {
    mark_crashed(*database);
  } else {
    try_to_mark_crashed(*database);
  }
  return {path, std::move(database)};
}

std::unique_ptr<RunSink> Store::sink() const { return make_sink(path_, std::nullopt); }

std::unique_ptr<RunSink> Store::resume_sink(std::int64_t id, std::optional<std::int64_t> from_step) const {
  return make_sink(path_, ResumePoint{.run = id, .step = from_step});
}

std::vector<RunRecord> Store::runs(const RunFilter& filter) const {
  return select_runs(*database_, "(?1 = '' OR v.status = ?1) AND (?2 = '' OR v.strategy = ?2) ORDER BY v.run",
                     {filter.status, filter.strategy});
}

std::vector<RunRecord> Store::runs_of_sweep(std::string_view name) const {
  if (!has_table(*database_, "sweeps")) return {};
  return select_runs(*database_,
                     "v.run IN (SELECT run FROM sweep_runs JOIN sweeps USING (sweep) WHERE name = ?1) ORDER BY v.run",
                     {std::string(name)});
}

RunRecord Store::get(std::int64_t id) const {
  std::vector<RunRecord> found = select_runs(*database_, "v.run = ?1", {std::to_string(id)});
  if (found.empty()) throw UsageError("no run " + std::to_string(id) + " in '" + path_.string() + "'");
  return std::move(found.front());
}

std::optional<RunRecord> Store::newest(std::string_view key, std::string_view status) const {
  std::vector<RunRecord> found =
      select_runs(*database_, "v.key = ?1 AND (?2 = '' OR v.status = ?2) ORDER BY v.run DESC LIMIT 1",
                  {std::string(key), std::string(status)});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

RunRecord Store::find(std::string_view text) const {
  const std::string wanted(text);
  std::vector<RunRecord> found = select_runs(*database_, "v.name = ?1", {wanted});
  if (found.empty() && all_of_class(text, false) && text.size() < 19) {
    found = select_runs(*database_, "v.run = ?1", {wanted});
  }
  if (found.empty() && all_of_class(text, true) && text.size() >= 4) {
    found = select_runs(*database_, "v.key >= ?1 AND v.key < ?1 || 'g' ORDER BY v.run", {wanted});
  }
  if (found.size() == 1) return std::move(found.front());
  if (found.size() > 1) throw UsageError("'" + wanted + "' fits several runs: " + describe(found));
  const std::vector<RunRecord> all = runs();
  Strings names;
  for (const RunRecord& run : all) names.push_back(run.name);
  const std::string near = nearest(text, names);
  const std::string there = all.empty() ? "it holds no runs" : "runs: " + describe(all);
  throw UsageError("no run '" + wanted + "' in '" + path_.string() + "'; " +
                   (near.empty() ? "" : "did you mean '" + near + "'? ") + there);
}

std::vector<std::string> Store::series(std::int64_t id) const { return select_series(*database_, id); }
std::vector<MetricPoint> Store::points(std::int64_t id, std::string_view series) const {
  return select_points(*database_, id, series);
}
std::vector<WorkerTotals> Store::workers(std::int64_t id) const { return select_workers(*database_, id); }
std::map<std::int64_t, std::int64_t> Store::staleness(std::int64_t id) const {
  return select_staleness(*database_, id);
}
std::vector<Span> Store::timeline(std::int64_t id) const {
  return has_table(*database_, "spans") ? select_spans(*database_, id) : std::vector<Span>();
}
std::vector<std::pair<std::string, std::string>> Store::provenance(std::int64_t id) const {
  return select_provenance(*database_, id);
}

bool Store::end_run_of(const ProcessId& process, RunStatus status, const std::string& error) {
  Transaction transaction(*database_);
  Statement update(*database_,
                   "UPDATE runs SET status = ?, error = ?, finished = coalesce(finished, ?) "
                   "WHERE machine = ? AND pid = ? AND pid_started = ? AND status <> 'FINISHED'");
  update.bind(std::string_view(status_name(status))).bind(std::string_view(error)).bind(unix_seconds());
  update.bind(std::string_view(process.machine)).bind(process.pid).bind(process.started).run();
  const bool found = database_->changes() > 0;
  transaction.commit();
  return found;
}

void Store::remove(std::span<const std::int64_t> ids) {
  if (database_->read_only()) throw StoreError("database '" + path_.string() + "' is read-only");
  Transaction transaction(*database_);
  Statement erase(*database_, "DELETE FROM runs WHERE run = ?");
  for (const std::int64_t id : ids) {
    const RunRecord run = get(id);
    if (run.status == "RUNNING") {
      throw UsageError("run '" + run.name + "' is still running (process " + std::to_string(run.pid) + " on " +
                       run.host + "); stop it first");
    }
    erase.bind(id).run();
  }
  transaction.commit();
}

}  // namespace sac
