#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "results/atomic_file.h"
#include "results/database.h"
#include "results/mlflow_schema.h"
#include "results/report.h"
#include "results/spec_text.h"
#include "results/utc.h"

namespace sac {
namespace {

// Lengths that MLflow's columns hold, in characters.
constexpr std::size_t kLongestKey = 250;
constexpr std::size_t kLongestTag = 5000;
constexpr std::size_t kLongestParam = 6000;
constexpr std::int64_t kExperiment = 1;
constexpr double kMilliseconds = 1e3;

std::int64_t milliseconds(double seconds) { return static_cast<std::int64_t>(std::llround(seconds * kMilliseconds)); }

/// At most `most` bytes, without cutting a character of UTF-8 in two.
std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

/// What was recorded at the end of a run, by the name that MLflow shows.
std::map<std::string, double> totals_of(const RunRecord& run) {
  std::map<std::string, double> totals = {{"total/seconds", run.seconds},
                                          {"total/wall_seconds", run.wall_seconds},
                                          {"total/compute_s", run.compute_s},
                                          {"total/communication_s", run.communication_s},
                                          {"total/hidden_communication_s", run.hidden_communication_s},
                                          {"total/waiting_s", run.waiting_s},
                                          {"total/idle_s", run.idle_s},
                                          {"total/payload_bytes", static_cast<double>(run.payload_bytes)},
                                          {"total/wire_bytes", static_cast<double>(run.wire_bytes)},
                                          {"total/messages", static_cast<double>(run.messages)}};
  if (run.staleness_mean) totals["total/staleness_mean"] = *run.staleness_mean;
  return totals;
}

/// Writes runs into a database of MLflow's tables.
class MlflowWriter {
 public:
  MlflowWriter(Database& database, const std::string& experiment);
  void write(const Store& store, const RunRecord& run);

 private:
  void insert_run(const Store& store, const RunRecord& run);
  void insert_texts(const Store& store, const RunRecord& run);
  void insert_point(Statement& statement, const MetricPoint& point) const;
  void add_tag(const std::string& key, const std::string& value);

  Database& database_;
  Statement metric_;
  Statement latest_;
  Statement param_;
  Statement tag_;
  std::string uuid_;    ///< of the run being written
  double begin_ = 0.0;  ///< of it, seconds since 1970
};

MlflowWriter::MlflowWriter(Database& database, const std::string& experiment)
    : database_(database),
      metric_(database,
              "INSERT OR IGNORE INTO metrics (\"key\", value, timestamp, run_uuid, step, is_nan) "
              "VALUES (?, ?, ?, ?, ?, ?)"),
      latest_(database,
              "INSERT OR REPLACE INTO latest_metrics (\"key\", value, timestamp, run_uuid, step, is_nan) "
              "VALUES (?, ?, ?, ?, ?, ?)"),
      param_(database, "INSERT INTO params (\"key\", value, run_uuid) VALUES (?, ?, ?)"),
      tag_(database, "INSERT OR REPLACE INTO tags (\"key\", value, run_uuid) VALUES (?, ?, ?)") {
  Statement insert(database,
                   "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, "
                   "last_update_time) VALUES (?, ?, ?, 'active', 0, 0)");
  insert.bind(std::int64_t{0}).bind(std::string_view("Default")).bind(std::string_view("mlflow-artifacts:/0")).run();
  const std::string name = experiment == "Default" ? "sactool" : experiment;
  insert.bind(kExperiment).bind(cut(name, kLongestKey)).bind(std::string_view("mlflow-artifacts:/1")).run();
}

void MlflowWriter::add_tag(const std::string& key, const std::string& value) {
  tag_.bind(cut(key, kLongestKey)).bind(cut(value, kLongestTag)).bind(std::string_view(uuid_)).run();
}

void MlflowWriter::insert_run(const Store& store, const RunRecord& run) {
  Statement insert(database_,
                   "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, "
                   "start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id) "
                   "VALUES (?, ?, 'LOCAL', 'sactool', '', '', ?, ?, ?, ?, 'active', ?, ?)");
  std::string version;
  for (const auto& [name, value] : store.provenance(run.run)) {
    if (name == "version") version = value;
  }
  const std::string status = run.status == "CRASHED" ? "FAILED" : run.status;
  insert.bind(std::string_view(uuid_)).bind(cut(run.name, kLongestKey)).bind(std::string_view(status));
  insert.bind(milliseconds(begin_));
  insert.bind(run.finished.empty() ? std::nullopt : std::optional(milliseconds(seconds_of_utc(run.finished))));
  insert.bind(cut(version, 50)).bind(std::string_view("mlflow-artifacts:/1/" + uuid_ + "/artifacts"));
  insert.bind(kExperiment).run();
}

void MlflowWriter::insert_texts(const Store& store, const RunRecord& run) {
  for (const auto& [key, value] : spec_values(run.spec)) {
    param_.bind(cut(key, kLongestKey)).bind(cut(value, kLongestParam)).bind(std::string_view(uuid_)).run();
  }
  add_tag("mlflow.runName", run.name);
  add_tag("mlflow.source.name", "sactool");
  add_tag("mlflow.source.type", "LOCAL");
  add_tag("sactool.run", std::to_string(run.run));
  add_tag("sactool.key", run.key);
  add_tag("sactool.group_key", run.group_key);
  add_tag("sactool.status", run.status);
  if (!run.error.empty()) add_tag("sactool.error", run.error);
  if (!run.params_sha256.empty()) add_tag("sactool.params_sha256", run.params_sha256);
  for (const auto& [name, value] : store.provenance(run.run)) add_tag("sactool.provenance." + name, value);
}

/// MLflow keeps NaN as 0 with a mark, and infinity as the largest number. Its clock is the run's begin plus the run's
/// clock, so that "relative time" shows the run's clock.
void MlflowWriter::insert_point(Statement& statement, const MetricPoint& point) const {
  const bool is_nan = std::isnan(point.value);
  double value = is_nan ? 0.0 : point.value;
  if (std::isinf(value)) value = std::copysign(std::numeric_limits<double>::max(), value);
  statement.bind(cut(point.series, kLongestKey)).bind(value).bind(milliseconds(begin_ + point.seconds));
  statement.bind(std::string_view(uuid_)).bind(point.step).bind(std::int64_t{is_nan}).run();
}

void MlflowWriter::write(const Store& store, const RunRecord& run) {
  std::string number = std::to_string(run.run);
  number.insert(0, 12 - std::min<std::size_t>(number.size(), 12), '0');
  uuid_ = run.key.substr(0, 20) + number;
  begin_ = seconds_of_utc(run.created);
  insert_run(store, run);
  insert_texts(store, run);
  for (const std::string& series : store.series(run.run)) {
    const std::vector<MetricPoint> points = store.points(run.run, series);
    for (const MetricPoint& point : points) insert_point(metric_, point);
    insert_point(latest_, points.back());
  }
  for (const auto& [name, value] : totals_of(run)) {
    const MetricPoint point{.series = name, .step = run.steps, .seconds = run.seconds, .value = value};
    for (Statement* statement : {&metric_, &latest_}) insert_point(*statement, point);
  }
}

}  // namespace

/// A tracking database for `mlflow ui --backend-store-uri sqlite:///FILE`: every run with its spec as parameters, its
/// provenance as tags, and every point.
void write_mlflow(const Store& store, const ReportData& data, const std::filesystem::path& path) {
  write_file_atomically(path, [&](const std::filesystem::path& temporary) {
    Database database(temporary, Database::Access::kCreate);
    database.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -131072");
    Transaction transaction(database);
    database.execute(kMlflowSchema);
    MlflowWriter writer(database, data.title);
    for (const RunRecord& run : data.comparison.runs) writer.write(store, run);
    transaction.commit();
  });
}

}  // namespace sac
