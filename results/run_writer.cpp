#include "results/run_writer.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "engine/core/error.h"
#include "results/process.h"
#include "results/schema.h"

namespace sac {
namespace {

/// Means of the seconds and sums of the bytes over workers.
WorkerTotals summed_up(const std::vector<WorkerTotals>& workers) {
  WorkerTotals total;
  for (const WorkerTotals& worker : workers) {
    total.compute_s += worker.compute_s;
    total.communication_s += worker.communication_s;
    total.hidden_communication_s += worker.hidden_communication_s;
    total.waiting_s += worker.waiting_s;
    total.idle_s += worker.idle_s;
    total.payload_bytes += worker.payload_bytes;
    total.wire_bytes += worker.wire_bytes;
    total.messages += worker.messages;
  }
  const double count = static_cast<double>(std::max<std::size_t>(workers.size(), 1));
  for (double* seconds :
       {&total.compute_s, &total.communication_s, &total.hidden_communication_s, &total.waiting_s, &total.idle_s}) {
    *seconds /= count;
  }
  return total;
}

std::optional<double> mean_staleness(const std::map<std::int64_t, std::int64_t>& histogram) {
  double updates = 0.0;
  double weighted = 0.0;
  for (const auto& [staleness, count] : histogram) {
    updates += static_cast<double>(count);
    weighted += static_cast<double>(staleness) * static_cast<double>(count);
  }
  return updates > 0.0 ? std::optional(weighted / updates) : std::nullopt;
}

void bind_totals(Statement& statement, const WorkerTotals& totals) {
  statement.bind(totals.compute_s).bind(totals.communication_s).bind(totals.hidden_communication_s);
  statement.bind(totals.waiting_s).bind(totals.idle_s);
  statement.bind(totals.payload_bytes).bind(totals.wire_bytes).bind(totals.messages);
}

std::string free_name(Database& database, const RunContext& context) {
  if (!context.name.empty() && std::ranges::all_of(context.name, [](char c) { return c >= '0' && c <= '9'; })) {
    throw ConfigError("run name '" + context.name +
                      "' is refused: digits alone stand for a run's number; add a letter");
  }
  const std::string wanted = context.name.empty() ? context.strategy + "-w" + std::to_string(context.workers) + "-s" +
                                                        std::to_string(context.seed)
                                                  : context.name;
  Statement taken(database, "SELECT 1 FROM runs WHERE name = ?");
  std::string name = wanted;
  for (int suffix = 2; taken.bind(std::string_view(name)).step(); ++suffix) {
    taken.reset();
    name = wanted + "-" + std::to_string(suffix);
  }
  return name;
}

}  // namespace

RunRow insert_run(Database& database, const RunContext& context, std::string_view status) {
  RunRow row{.name = free_name(database, context)};
  Statement insert(database, R"sql(
    INSERT INTO runs (name, key, group_key, status, strategy, dataset, model, fabric, workers, seed, batch_size,
      parameters, planned_steps, spec, created, host, machine, pid, pid_started, heartbeat)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 0, 0, 0))sql");
  insert.bind(std::string_view(row.name)).bind(std::string_view(context.key));
  insert.bind(std::string_view(context.group_key)).bind(status);
  insert.bind(std::string_view(context.strategy)).bind(std::string_view(context.dataset));
  insert.bind(std::string_view(context.model)).bind(std::string_view(context.fabric));
  insert.bind(context.workers).bind(static_cast<std::int64_t>(context.seed)).bind(context.batch_size);
  insert.bind(context.parameters).bind(context.steps).bind(std::string_view(context.spec_toml)).bind(unix_seconds());
  insert.run();
  row.run = database.last_insert_id();
  return row;
}

double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

RunWriter::RunWriter(const std::filesystem::path& path) : database_(open_for_writing(path)) {}

void RunWriter::insert(const RunContext& context) {
  Transaction transaction(database_);
  const RunRow row = insert_run(database_, context, "RUNNING");
  run_ = row.run;
  name_ = row.name;
  insert_provenance(context);
  claim();
  transaction.commit();
}

void RunWriter::insert_provenance(const RunContext& context) {
  Statement insert(database_, "INSERT OR REPLACE INTO provenance VALUES (?, ?, ?, ?)");
  std::int64_t position = 0;
  for (const auto& [name, value] : context.provenance) {
    insert.bind(run_).bind(position++).bind(std::string_view(name)).bind(std::string_view(value)).run();
  }
}

void RunWriter::claim() {
  Statement update(database_,
                   "UPDATE runs SET host = ?, machine = ?, pid = ?, pid_started = ?, heartbeat = ? WHERE run = ?");
  update.bind(std::string_view(host_name())).bind(std::string_view(self_.machine)).bind(self_.pid).bind(self_.started);
  update.bind(unix_seconds()).bind(run_).run();
}

void RunWriter::check_resumable(const RunContext& context, std::int64_t run) {
  Statement select(database_, "SELECT name, key, status, machine, pid, pid_started, heartbeat FROM runs WHERE run = ?");
  if (!select.bind(run).step()) {
    throw StoreError("no run " + std::to_string(run) + " to resume in '" + database_.file() + "'");
  }
  name_ = select.text(0);
  const std::string status = select.text(2);
  if (select.text(1) != context.key) {
    throw StoreError("run '" + name_ + "' cannot be resumed: it has key " + select.text(1).substr(0, 12) +
                     ", this spec " + context.key.substr(0, 12));
  }
  if (status == "FINISHED") throw StoreError("run '" + name_ + "' is finished; there is nothing to resume");
  const ProcessId owner{select.text(3), select.integer(4), select.integer(5)};
  const bool beats = unix_seconds() - select.number(6) < kStaleHeartbeatS;
  const std::string process = " (process " + std::to_string(owner.pid) + ")";
  if (owner.pid == 0 || !maybe_alive(owner)) return;
  if (status == "RUNNING" && beats) throw StoreError("run '" + name_ + "' is still running" + process);
  if (status != "RUNNING" && owner.machine == self_.machine && !is_self_or_ancestor(owner)) {
    throw StoreError("run '" + name_ + "' is claimed by a sweep" + process);
  }
}

void RunWriter::resume(const RunContext& context, const ResumePoint& from) {
  Transaction transaction(database_);
  check_resumable(context, from.run);
  run_ = from.run;
  Statement drop(database_, "DELETE FROM points WHERE run = ? AND step > ?");
  drop.bind(run_).bind(from.step.value_or(-1)).run();
  if (!from.step) Statement(database_, "DELETE FROM spans WHERE run = ?").bind(run_).run();
  Statement last(database_, "SELECT coalesce(max(ordinal) + 1, 0) FROM points WHERE run = ?");
  last.bind(run_).step();
  next_ordinal_ = last.integer(0);
  last.reset();
  Statement update(database_,
                   "UPDATE runs SET status = 'RUNNING', error = '', finished = NULL, seconds = 0.0, steps = ?, "
                   "planned_steps = ?, parameters = ? WHERE run = ?");
  update.bind(from.step.value_or(0)).bind(context.steps).bind(context.parameters).bind(run_).run();
  insert_provenance(context);
  claim();
  transaction.commit();
}

/// After an update of the row that asks for this process as its owner: whether there was such a row.
void RunWriter::check_owner() {
  if (database_.changes() == 0) {
    throw StoreError("run '" + name_ + "' was removed or taken over by another process; this one ends");
  }
}

std::int64_t RunWriter::series_id(const std::string& series) {
  const auto known = series_ids_.find(series);
  if (known != series_ids_.end()) return known->second;
  Statement insert(database_, "INSERT OR IGNORE INTO series (name) VALUES (?)");
  insert.bind(std::string_view(series)).run();
  Statement select(database_, "SELECT series FROM series WHERE name = ?");
  select.bind(std::string_view(series)).step();
  return series_ids_[series] = select.integer(0);
}

void RunWriter::append(std::span<const MetricPoint> points, const Progress& progress) {
  Transaction transaction(database_);
  Statement insert(database_, "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  for (const MetricPoint& point : points) {
    insert.bind(run_).bind(series_id(point.series)).bind(point.step).bind(next_ordinal_++).bind(point.seconds);
    insert.bind(point.samples).bind(point.wire_bytes).bind(point.value).run();
  }
  Statement beat(database_,
                 "UPDATE runs SET heartbeat = ?, steps = max(steps, ?), seconds = max(seconds, ?) WHERE run = ? "
                 "AND pid = ? AND pid_started = ?");
  beat.bind(unix_seconds()).bind(progress.step).bind(progress.seconds).bind(run_);
  beat.bind(self_.pid).bind(self_.started).run();
  check_owner();
  transaction.commit();
}

void RunWriter::set_checkpoint(const std::string& path, std::int64_t step) {
  Transaction transaction(database_);
  Statement update(database_, "UPDATE runs SET checkpoint = ?, checkpoint_step = ?, heartbeat = ? WHERE run = ?");
  update.bind(std::string_view(path)).bind(step).bind(unix_seconds()).bind(run_).run();
  transaction.commit();
}

void RunWriter::finish_row(const RunOutcome& outcome) {
  Statement update(database_, R"sql(
    UPDATE runs SET compute_s = ?, communication_s = ?, hidden_communication_s = ?, waiting_s = ?, idle_s = ?,
      payload_bytes = ?, wire_bytes = ?, messages = ?, status = ?, error = ?, params_sha256 = ?,
      steps = max(?, ? * steps), seconds = max(?, ? * seconds), accuracy = ?, loss = ?, train_loss = ?, wall_seconds = ?, staleness_mean = ?, staleness_max = ?,
      finished = ?, heartbeat = ? WHERE run = ? AND pid = ? AND pid_started = ?)sql");
  bind_totals(update, summed_up(outcome.workers));
  update.bind(std::string_view(status_name(outcome.status))).bind(std::string_view(outcome.error));
  update.bind(std::string_view(outcome.params_sha256));
  const std::int64_t keep = outcome.status == RunStatus::kFinished ? 0 : 1;  // a failure may not know how far it came
  update.bind(outcome.steps).bind(keep).bind(outcome.seconds).bind(keep);
  update.bind(outcome.accuracy).bind(outcome.loss).bind(outcome.train_loss);
  update.bind(outcome.wall_seconds).bind(mean_staleness(outcome.staleness));
  update.bind(outcome.staleness.empty() ? std::nullopt : std::optional(outcome.staleness.rbegin()->first));
  update.bind(unix_seconds()).bind(unix_seconds()).bind(run_).bind(self_.pid).bind(self_.started).run();
  check_owner();
}

void RunWriter::finish_checkpoint(const RunOutcome& outcome) {
  const bool finished = outcome.status == RunStatus::kFinished;
  if (!finished && outcome.checkpoint.empty()) return;
  const bool gone = outcome.checkpoint.empty();
  Statement update(database_,
                   "UPDATE runs SET checkpoint = ?, checkpoint_step = ? * max(checkpoint_step, ?) WHERE run = ?");
  update.bind(std::string_view(outcome.checkpoint)).bind(std::int64_t{gone ? 0 : 1});
  update.bind(finished ? std::int64_t{0} : outcome.steps).bind(run_).run();
}

void RunWriter::replace_workers(const RunOutcome& outcome) {
  Statement insert(database_, "INSERT OR REPLACE INTO worker_totals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  std::int64_t rank = 0;
  for (const WorkerTotals& worker : outcome.workers) {
    insert.bind(run_).bind(rank++);
    bind_totals(insert, worker);
    insert.run();
  }
}

void RunWriter::replace_staleness(const RunOutcome& outcome) {
  Statement insert(database_, "INSERT OR REPLACE INTO staleness VALUES (?, ?, ?)");
  for (const auto& [staleness, updates] : outcome.staleness) insert.bind(run_).bind(staleness).bind(updates).run();
}

void RunWriter::keep_timeline(std::span<const Span> spans) {
  Transaction transaction(database_);
  Statement stored(database_, "SELECT 1 FROM spans WHERE run = ? LIMIT 1");
  if (stored.bind(run_).step()) return;  // of its first steps, before it was stopped
  Statement insert(database_, "INSERT INTO spans VALUES (?, ?, ?, ?, ?, ?, ?)");
  std::int64_t ordinal = 0;
  for (const Span& span : spans) {
    insert.bind(run_).bind(std::int64_t{span.rank}).bind(ordinal++).bind(std::string_view(span_name(span.kind)));
    insert.bind(span.start).bind(span.end).bind(std::string_view(span.what)).run();
  }
  transaction.commit();
}

void RunWriter::finish(const RunOutcome& outcome) {
  Transaction transaction(database_);
  replace_workers(outcome);
  replace_staleness(outcome);
  finish_row(outcome);
  finish_checkpoint(outcome);
  transaction.commit();
}

}  // namespace sac
