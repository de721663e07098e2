#include "results/schema.h"

#include <unistd.h>

#include <string>

#include "engine/core/error.h"

namespace sac {
namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE runs (
  run INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE, key TEXT NOT NULL, group_key TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('SCHEDULED', 'RUNNING', 'FINISHED', 'FAILED', 'KILLED', 'CRASHED')),
  strategy TEXT NOT NULL, dataset TEXT NOT NULL, model TEXT NOT NULL, fabric TEXT NOT NULL,
  workers INTEGER NOT NULL, seed INTEGER NOT NULL, batch_size INTEGER NOT NULL, parameters INTEGER NOT NULL,
  planned_steps INTEGER NOT NULL, steps INTEGER NOT NULL DEFAULT 0,
  accuracy, loss, train_loss, seconds NOT NULL DEFAULT 0.0, wall_seconds NOT NULL DEFAULT 0.0,
  compute_s NOT NULL DEFAULT 0.0, communication_s NOT NULL DEFAULT 0.0, hidden_communication_s NOT NULL DEFAULT 0.0,
  waiting_s NOT NULL DEFAULT 0.0, idle_s NOT NULL DEFAULT 0.0,
  payload_bytes INTEGER NOT NULL DEFAULT 0, wire_bytes INTEGER NOT NULL DEFAULT 0, messages INTEGER NOT NULL DEFAULT 0,
  staleness_mean, staleness_max INTEGER,
  params_sha256 TEXT NOT NULL DEFAULT '', spec TEXT NOT NULL, error TEXT NOT NULL DEFAULT '',
  checkpoint TEXT NOT NULL DEFAULT '', checkpoint_step INTEGER NOT NULL DEFAULT 0,
  created REAL NOT NULL, finished REAL,
  host TEXT NOT NULL, machine TEXT NOT NULL, pid INTEGER NOT NULL, pid_started INTEGER NOT NULL, heartbeat REAL NOT NULL
);
CREATE INDEX runs_by_key ON runs (key);
CREATE INDEX runs_by_group ON runs (group_key, seed);
CREATE INDEX runs_running ON runs (run) WHERE status = 'RUNNING';

CREATE TABLE provenance (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, position INTEGER NOT NULL,
  name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run, position)
) WITHOUT ROWID;

CREATE TABLE series (series INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE points (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, series INTEGER NOT NULL REFERENCES series,
  step INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  seconds NOT NULL, samples INTEGER NOT NULL, wire_bytes INTEGER NOT NULL, value NOT NULL,
  PRIMARY KEY (run, series, step, ordinal)
) WITHOUT ROWID;

CREATE TABLE worker_totals (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, rank INTEGER NOT NULL,
  compute_s NOT NULL, communication_s NOT NULL, hidden_communication_s NOT NULL, waiting_s NOT NULL, idle_s NOT NULL,
  payload_bytes INTEGER NOT NULL, wire_bytes INTEGER NOT NULL, messages INTEGER NOT NULL, PRIMARY KEY (run, rank)
) WITHOUT ROWID;

CREATE TABLE staleness (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, staleness INTEGER NOT NULL, updates INTEGER NOT NULL,
  PRIMARY KEY (run, staleness)
) WITHOUT ROWID;
)sql";

/// Since version 2: sweeps, and what a reader says of a run.
constexpr const char* kTablesOfVersion2 = R"sql(
CREATE TABLE sweeps (
  sweep INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, method TEXT NOT NULL,
  axes TEXT NOT NULL, created REAL NOT NULL
);
CREATE TABLE sweep_runs (
  sweep INTEGER NOT NULL REFERENCES sweeps ON DELETE CASCADE, position INTEGER NOT NULL,
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, PRIMARY KEY (sweep, position)
) WITHOUT ROWID;
CREATE INDEX sweep_runs_by_run ON sweep_runs (run);
CREATE TABLE tags (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, tag TEXT NOT NULL, PRIMARY KEY (run, tag)
) WITHOUT ROWID;
CREATE TABLE notes (run INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE, note TEXT NOT NULL);
CREATE VIEW v_sweeps AS SELECT s.sweep, s.name, s.method, s.axes, count(*) AS runs,
  sum(r.status = 'FINISHED') AS finished, sum(r.status = 'FAILED') AS failed,
  strftime('%Y-%m-%dT%H:%M:%fZ', s.created, 'unixepoch') AS created
FROM sweeps s JOIN sweep_runs p USING (sweep) JOIN v_runs r USING (run) GROUP BY s.sweep;
)sql";

/// Since version 3: what the workers did during their first steps.
constexpr const char* kTablesOfVersion3 = R"sql(
CREATE TABLE spans (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, rank INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('compute', 'communication', 'waiting', 'transfer')),
  start_s REAL NOT NULL, end_s REAL NOT NULL, what TEXT NOT NULL, PRIMARY KEY (run, rank, ordinal)
) WITHOUT ROWID;
)sql";

/// NaN lies in the tables as the text 'nan'. The views show it as NULL, which every reader takes as a missing number,
/// and name it in `non_finite` (runs) or `special` (metrics), where the infinities are named too.
constexpr const char* kViews = R"sql(
CREATE VIEW v_runs AS SELECT run, name, key, group_key, shown AS status, strategy, workers, seed, dataset, model, fabric, batch_size, parameters, steps, planned_steps,
  CASE typeof(accuracy) WHEN 'text' THEN NULL ELSE accuracy END AS accuracy,
  CASE typeof(loss) WHEN 'text' THEN NULL ELSE loss END AS loss,
  CASE typeof(train_loss) WHEN 'text' THEN NULL ELSE train_loss END AS train_loss,
  seconds, wall_seconds, compute_s, communication_s, hidden_communication_s, waiting_s, idle_s,
  payload_bytes, wire_bytes, messages, staleness_mean, staleness_max, params_sha256,
  nullif(trim(CASE WHEN typeof(accuracy) = 'text' THEN 'accuracy=nan ' ELSE '' END ||
    CASE WHEN typeof(loss) = 'text' THEN 'loss=nan ' WHEN loss = 9e999 THEN 'loss=inf ' ELSE '' END ||
    CASE WHEN typeof(train_loss) = 'text' THEN 'train_loss=nan' WHEN train_loss = 9e999 THEN 'train_loss=inf'
         ELSE '' END), '') AS non_finite,
  spec, strftime('%Y-%m-%dT%H:%M:%fZ', created, 'unixepoch') AS created,
  strftime('%Y-%m-%dT%H:%M:%fZ', finished, 'unixepoch') AS finished, error,
  checkpoint, checkpoint_step, checkpoint <> '' AND shown IN ('KILLED', 'FAILED', 'CRASHED') AS resumable,
  host, pid
FROM (SELECT *, CASE WHEN status = 'RUNNING'
  AND heartbeat < (julianday('now') - 2440587.5) * 86400.0 - %STALE% THEN 'CRASHED' ELSE status END AS shown FROM runs);

CREATE VIEW v_metrics AS SELECT p.run, r.name, r.strategy, r.seed, s.name AS series, p.step, p.seconds, p.samples,
  p.wire_bytes, CASE typeof(p.value) WHEN 'text' THEN NULL ELSE p.value END AS value,
  CASE WHEN typeof(p.value) = 'text' THEN 'nan' WHEN p.value = 9e999 THEN 'inf' WHEN p.value = -9e999 THEN '-inf' END
    AS special
FROM points p JOIN runs r ON r.run = p.run JOIN series s ON s.series = p.series;

CREATE VIEW v_groups AS SELECT group_key, min(strategy) AS strategy, min(dataset) AS dataset, min(model) AS model,
  min(workers) AS workers, count(*) AS runs, count(non_finite) AS non_finite,
  avg(accuracy) AS accuracy, min(accuracy) AS accuracy_min, max(accuracy) AS accuracy_max,
  avg(loss) AS loss, min(loss) AS loss_min, max(loss) AS loss_max,
  avg(seconds) AS seconds, avg(compute_s) AS compute_s, avg(communication_s) AS communication_s,
  avg(hidden_communication_s) AS hidden_communication_s, avg(waiting_s) AS waiting_s, avg(idle_s) AS idle_s,
  avg(wire_bytes) AS wire_bytes, avg(messages) AS messages
FROM v_runs WHERE run IN (SELECT max(run) FROM runs WHERE status = 'FINISHED' GROUP BY group_key, seed)
GROUP BY group_key;
)sql";

std::string views() {
  std::string sql = kViews;
  const std::string mark = "%STALE%";
  sql.replace(sql.find(mark), mark.size(), std::to_string(kStaleHeartbeatS));
  return sql;
}

bool is_blank(Database& database) {
  return database.integer("PRAGMA application_id") == 0 && database.integer("SELECT count(*) FROM sqlite_master") == 0;
}

void set_version(Database& database) {
  database.execute(("PRAGMA user_version = " + std::to_string(kSchemaVersion)).c_str());
}

void create(Database& database) {
  Transaction transaction(database);
  if (!is_blank(database)) return;
  database.execute(kTables);
  database.execute(views().c_str());
  database.execute(kTablesOfVersion2);
  database.execute(kTablesOfVersion3);
  database.execute(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
  set_version(database);
  transaction.commit();
}

/// Adds what an older database lacks.
void migrate(Database& database) {
  if (database.integer("PRAGMA user_version") >= kSchemaVersion) return;
  Transaction transaction(database);
  const std::int64_t version = database.integer("PRAGMA user_version");  // another process may have been faster
  if (version < 2) database.execute(kTablesOfVersion2);
  if (version < 3) database.execute(kTablesOfVersion3);
  set_version(database);
  transaction.commit();
}

/// For readers, who can do without.
void try_to_migrate(Database& database) {
  try {
    if (!database.read_only()) migrate(database);
  } catch (const StoreError&) {
  }
}

void check_identity(Database& database) {
  const std::string file = "'" + database.file() + "'";
  if (database.integer("PRAGMA application_id") != kApplicationId) {
    throw StoreError(file + " is not a sactool database" +
                     (is_blank(database) ? " (it is empty)" : " (it belongs to another program)"));
  }
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (version > kSchemaVersion) {
    throw StoreError("database " + file + " has schema version " + std::to_string(version) +
                     ", newer than this sactool's " + std::to_string(kSchemaVersion) + "; use a newer sactool");
  }
}

}  // namespace

Database open_for_writing(const std::filesystem::path& path) {
  Database database(path, Database::Access::kCreate);
  if (database.read_only()) throw StoreError("database '" + database.file() + "' is read-only");
  if (is_blank(database)) create(database);
  check_identity(database);
  migrate(database);
  return database;
}

Database open_for_reading(const std::filesystem::path& path) {
  const bool writable = access(path.c_str(), W_OK) == 0;
  Database database(path, writable ? Database::Access::kReadWrite : Database::Access::kReadOnly);
  check_identity(database);
  try_to_migrate(database);
  return database;
}

bool has_table(Database& database, const char* table) {
  Statement select(database, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  return select.bind(std::string_view(table)).step();
}

}  // namespace sac
