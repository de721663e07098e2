#include "results/run_reader.h"

#include <algorithm>
#include <iterator>

namespace sac {
namespace {

/// The views turn NaN into NULL; the finals come from the table, where it is still told apart.
constexpr std::string_view kColumns = R"sql(
  SELECT v.run, v.name, v.key, v.group_key, v.status, v.strategy, v.workers, v.seed, v.dataset, v.model, v.fabric,
    v.batch_size, v.parameters, v.steps, v.planned_steps, r.accuracy, r.loss, r.train_loss, v.seconds, v.wall_seconds,
    v.compute_s, v.communication_s, v.hidden_communication_s, v.waiting_s, v.idle_s, v.payload_bytes, v.wire_bytes,
    v.messages, v.staleness_mean, v.staleness_max, v.params_sha256, v.spec, v.created, v.finished, v.error,
    v.checkpoint, v.checkpoint_step, v.resumable, v.host, v.pid
  FROM v_runs v JOIN runs r USING (run) WHERE )sql";

/// Reads the columns of one row from left to right.
class Row {
 public:
  explicit Row(const Statement& statement) : statement_(statement) {}
  Row& operator>>(std::int64_t& value) { return value = statement_.integer(column_++), *this; }
  Row& operator>>(std::uint64_t& value) {
    return value = static_cast<std::uint64_t>(statement_.integer(column_++)), *this;
  }
  Row& operator>>(bool& value) { return value = statement_.integer(column_++) != 0, *this; }
  Row& operator>>(double& value) { return value = statement_.number(column_++), *this; }
  Row& operator>>(std::optional<double>& value) { return value = statement_.maybe_number(column_++), *this; }
  Row& operator>>(std::optional<std::int64_t>& value) { return value = statement_.maybe_integer(column_++), *this; }
  Row& operator>>(std::string& value) { return value = statement_.text(column_++), *this; }

 private:
  const Statement& statement_;
  int column_ = 0;
};

RunRecord read_run(const Statement& statement) {
  RunRecord run;
  Row row(statement);
  row >> run.run >> run.name >> run.key >> run.group_key >> run.status >> run.strategy >> run.workers >> run.seed;
  row >> run.dataset >> run.model >> run.fabric >> run.batch_size >> run.parameters >> run.steps >> run.planned_steps;
  row >> run.accuracy >> run.loss >> run.train_loss >> run.seconds >> run.wall_seconds;
  row >> run.compute_s >> run.communication_s >> run.hidden_communication_s >> run.waiting_s >> run.idle_s;
  row >> run.payload_bytes >> run.wire_bytes >> run.messages >> run.staleness_mean >> run.staleness_max;
  row >> run.params_sha256 >> run.spec >> run.created >> run.finished >> run.error;
  row >> run.checkpoint >> run.checkpoint_step >> run.resumable >> run.host >> run.pid;
  return run;
}

}  // namespace

std::vector<RunRecord> select_runs(Database& database, std::string_view where, const std::vector<std::string>& values) {
  Statement select(database, std::string(kColumns) + std::string(where));
  for (const std::string& value : values) select.bind(std::string_view(value));
  std::vector<RunRecord> runs;
  while (select.step()) runs.push_back(read_run(select));
  return runs;
}

std::vector<std::string> select_series(Database& database, std::int64_t run) {
  Statement select(database,
                   "SELECT name FROM series s WHERE EXISTS (SELECT 1 FROM points p WHERE p.run = ? AND "
                   "p.series = s.series) ORDER BY name");
  select.bind(run);
  std::vector<std::string> names;
  while (select.step()) names.push_back(select.text(0));
  return names;
}

std::vector<MetricPoint> select_points(Database& database, std::int64_t run, std::string_view series) {
  Statement select(database,
                   "SELECT step, seconds, samples, wire_bytes, value FROM points WHERE run = ? AND series = "
                   "(SELECT series FROM series WHERE name = ?) ORDER BY step, ordinal");
  select.bind(run).bind(series);
  std::vector<MetricPoint> points;
  while (select.step()) {
    MetricPoint& point = points.emplace_back();
    point.series = series;
    Row row(select);
    row >> point.step >> point.seconds >> point.samples >> point.wire_bytes >> point.value;
  }
  return points;
}

std::vector<WorkerTotals> select_workers(Database& database, std::int64_t run) {
  Statement select(database,
                   "SELECT compute_s, communication_s, hidden_communication_s, waiting_s, idle_s, payload_bytes, "
                   "wire_bytes, messages FROM worker_totals WHERE run = ? ORDER BY rank");
  select.bind(run);
  std::vector<WorkerTotals> workers;
  while (select.step()) {
    WorkerTotals& worker = workers.emplace_back();
    Row row(select);
    row >> worker.compute_s >> worker.communication_s >> worker.hidden_communication_s >> worker.waiting_s;
    row >> worker.idle_s >> worker.payload_bytes >> worker.wire_bytes >> worker.messages;
  }
  return workers;
}

std::map<std::int64_t, std::int64_t> select_staleness(Database& database, std::int64_t run) {
  Statement select(database, "SELECT staleness, updates FROM staleness WHERE run = ?");
  select.bind(run);
  std::map<std::int64_t, std::int64_t> histogram;
  while (select.step()) histogram.emplace(select.integer(0), select.integer(1));
  return histogram;
}

std::vector<Span> select_spans(Database& database, std::int64_t run) {
  Statement select(database, "SELECT rank, kind, start_s, end_s, what FROM spans WHERE run = ? ORDER BY rank, ordinal");
  select.bind(run);
  std::vector<Span> spans;
  while (select.step()) {
    const auto name = std::ranges::find(kSpanNames, select.text(1), [](const char* text) { return std::string(text); });
    spans.push_back({.rank = static_cast<int>(select.integer(0)),
                     .kind = static_cast<Span::Kind>(name - std::begin(kSpanNames)),
                     .start = select.number(2),
                     .end = select.number(3),
                     .what = select.text(4)});
  }
  return spans;
}

std::vector<std::pair<std::string, std::string>> select_provenance(Database& database, std::int64_t run) {
  Statement select(database, "SELECT name, value FROM provenance WHERE run = ? ORDER BY position");
  select.bind(run);
  std::vector<std::pair<std::string, std::string>> entries;
  while (select.step()) entries.emplace_back(select.text(0), select.text(1));
  return entries;
}

}  // namespace sac
