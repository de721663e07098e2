#include "results/sweep_store.h"

#include "engine/core/value.h"
#include "results/process.h"
#include "results/run_writer.h"
#include "results/schema.h"

namespace sac {
namespace {

/// Seconds without a sign of life after which a process of another machine counts as dead.
constexpr double kPatienceS = 60.0;

/// How the error of a run begins that has been given up, and the condition on a row of `runs`.
const std::string kGivenUp = "stopped early: ";
const std::string kIsGivenUp = "(status = 'KILLED' AND error LIKE 'stopped early: %')";

/// A row that may be claimed, as it is now.
struct Candidate {
  ClaimedRun run;
  std::string status;
  ProcessId owner;
  double heartbeat = 0.0;
};

bool is_owned(const Candidate& candidate) {
  if (candidate.owner.pid == 0) return false;
  const ProcessId self = this_process();
  if (candidate.owner.pid == self.pid && candidate.owner.started == self.started) return false;
  const bool here = candidate.owner.machine == self.machine;
  return here ? maybe_alive(candidate.owner) : unix_seconds() - candidate.heartbeat < kPatienceS;
}

void bind_owner(Statement& statement, const ProcessId& owner) {
  statement.bind(std::string_view(host_name())).bind(std::string_view(owner.machine));
  statement.bind(owner.pid).bind(owner.started).bind(unix_seconds());
}

}  // namespace

SweepStore::SweepStore(const std::filesystem::path& path) : database_(open_for_writing(path)) {}

std::int64_t SweepStore::sweep_row(const SweepEntry& sweep) {
  Statement insert(database_, "INSERT OR IGNORE INTO sweeps (key, name, method, axes, created) VALUES (?, ?, ?, ?, ?)");
  insert.bind(std::string_view(sweep.key)).bind(std::string_view(sweep.name)).bind(std::string_view(sweep.method));
  insert.bind(std::string_view(sweep.axes)).bind(unix_seconds()).run();
  Statement select(database_, "SELECT sweep FROM sweeps WHERE key = ?");
  select.bind(std::string_view(sweep.key)).step();
  return select.integer(0);
}

/// The run with this key that got furthest, or a new one.
std::int64_t SweepStore::run_row(const RunContext& context) {
  Statement select(database_,
                   "SELECT run FROM runs WHERE key = ? ORDER BY status = 'FINISHED' DESC, status = 'RUNNING' DESC, "
                   "run DESC LIMIT 1");
  if (select.bind(std::string_view(context.key)).step()) return select.integer(0);
  return insert_run(database_, context, "SCHEDULED").run;
}

std::int64_t SweepStore::enter(const SweepEntry& sweep, std::span<const RunContext> runs) {
  Transaction transaction(database_);
  const std::int64_t number = sweep_row(sweep);
  Statement insert(database_, "INSERT OR REPLACE INTO sweep_runs VALUES (?, ?, ?)");
  std::int64_t position = 0;
  for (const RunContext& context : runs) insert.bind(number).bind(position++).bind(run_row(context)).run();
  transaction.commit();
  return number;
}

std::optional<ClaimedRun> SweepStore::claim(std::int64_t sweep, bool retry_failed,
                                            const std::set<std::int64_t>& leave_out) {
  Transaction transaction(database_);
  Statement select(
      database_,
      "SELECT run, name, status, machine, pid, pid_started, heartbeat FROM sweep_runs JOIN runs USING (run) "
      "WHERE sweep = ? AND status <> 'FINISHED' AND (status <> 'FAILED' OR ?) AND NOT " +
          kIsGivenUp + " ORDER BY position");
  select.bind(sweep).bind(std::int64_t{retry_failed});
  while (select.step()) {
    const Candidate found{.run = {select.integer(0), select.text(1)},
                          .status = select.text(2),
                          .owner = {select.text(3), select.integer(4), select.integer(5)},
                          .heartbeat = select.number(6)};
    if (leave_out.contains(found.run.run) || is_owned(found)) continue;
    Statement update(database_,
                     "UPDATE runs SET host = ?, machine = ?, pid = ?, pid_started = ?, heartbeat = ?, "
                     "status = CASE status WHEN 'RUNNING' THEN 'CRASHED' ELSE status END WHERE run = ?");
    bind_owner(update, this_process());
    update.bind(found.run.run).run();
    select.reset();
    transaction.commit();
    return found.run;
  }
  return std::nullopt;
}

void SweepStore::end(std::int64_t run, const std::string& status, const std::string& error) {
  Transaction transaction(database_);
  Statement update(database_,
                   "UPDATE runs SET status = ?, error = ?, pid = 0, finished = coalesce(finished, ?) "
                   "WHERE run = ? AND status <> 'FINISHED'");
  update.bind(std::string_view(status)).bind(std::string_view(error)).bind(unix_seconds()).bind(run).run();
  transaction.commit();
}

void SweepStore::give_up(std::int64_t run, const std::string& why) { end(run, "KILLED", kGivenUp + why); }

/// The first value at or after `rung` of each run of the sweep that has the seed of `run`.
std::map<std::int64_t, double> SweepStore::values_at(std::int64_t sweep, std::int64_t run, const EarlyStop& rule,
                                                     std::int64_t rung) {
  Statement select(database_,
                   "SELECT p.run, p.value FROM sweep_runs JOIN runs r USING (run) JOIN points p ON p.run = r.run AND "
                   "p.series = (SELECT series FROM series WHERE name = ?) AND p.step = (SELECT min(q.step) FROM points "
                   "q WHERE q.run = p.run AND q.series = p.series AND q.step >= ?) WHERE sweep = ? AND r.seed = "
                   "(SELECT seed FROM runs WHERE run = ?)");
  select.bind(std::string_view(rule.series)).bind(rung).bind(sweep).bind(run);
  std::map<std::int64_t, double> values;
  while (select.step()) values[select.integer(0)] = select.number(1);
  return values;
}

std::optional<std::string> SweepStore::why_hopeless(std::int64_t sweep, std::int64_t run, const EarlyStop& rule) {
  Statement planned(database_, "SELECT planned_steps FROM runs WHERE run = ?");
  if (!planned.bind(run).step()) return std::nullopt;
  std::vector<std::int64_t> rungs = rule.rungs(planned.integer(0));
  planned.reset();
  for (auto rung = rungs.rbegin(); rung != rungs.rend(); ++rung) {
    const std::map<std::int64_t, double> values = values_at(sweep, run, rule, *rung);
    const auto own = values.find(run);
    if (own == values.end()) continue;
    std::vector<double> all;
    for (const auto& [other, value] : values) all.push_back(value);
    if (!rule.hopeless(own->second, all)) return std::nullopt;
    return rule.series + " " + shortest(own->second) + " at step " + std::to_string(*rung) +
           " is not among the best 1/" + std::to_string(rule.eta) + " of " + std::to_string(all.size()) +
           " runs of its seed";
  }
  return std::nullopt;
}

void SweepStore::end_unless_failed(std::int64_t run, const std::string& error) {
  Statement select(database_, "SELECT 1 FROM runs WHERE run = ? AND status = 'FAILED' AND error <> ''");
  const bool has_failed = select.bind(run).step();
  select.reset();
  if (!has_failed) end(run, "FAILED", error);
}

std::int64_t SweepStore::unfinished(std::int64_t sweep, const std::set<std::int64_t>& leave_out) {
  Statement select(database_,
                   "SELECT run FROM sweep_runs JOIN runs USING (run) WHERE sweep = ? AND status NOT IN ('FINISHED', "
                   "'FAILED') AND NOT " +
                       kIsGivenUp);
  select.bind(sweep);
  std::int64_t count = 0;
  while (select.step()) count += leave_out.contains(select.integer(0)) ? 0 : 1;
  return count;
}

SweepCounts SweepStore::counts(std::int64_t sweep) {
  Statement select(database_,
                   "SELECT iif(" + kIsGivenUp +
                       ", 'GIVEN UP', status) AS shown, count(*), sum(steps), sum(max(planned_steps - steps, 0)) "
                       "FROM sweep_runs JOIN runs USING (run) WHERE sweep = ? GROUP BY shown");
  select.bind(sweep);
  SweepCounts counts;
  while (select.step()) {
    const std::string status = select.text(0);
    std::int64_t& count = status == "FINISHED"   ? counts.finished
                          : status == "RUNNING"  ? counts.running
                          : status == "FAILED"   ? counts.failed
                          : status == "GIVEN UP" ? counts.given_up
                                                 : counts.waiting;
    count += select.integer(1);
    if (status == "FAILED" || status == "GIVEN UP") continue;
    counts.steps += select.integer(2);
    counts.left_steps += select.integer(3);
  }
  return counts;
}

std::vector<std::string> SweepStore::finished_without_checkpoints(std::int64_t sweep) {
  Statement select(database_,
                   "SELECT name FROM sweep_runs JOIN runs USING (run) WHERE sweep = ? AND status = 'FINISHED' "
                   "AND checkpoint = ''");
  select.bind(sweep);
  std::vector<std::string> names;
  while (select.step()) names.push_back(select.text(0));
  return names;
}

std::map<std::string, std::string> SweepStore::failures(std::int64_t sweep) {
  Statement select(database_,
                   "SELECT name, error FROM sweep_runs JOIN runs USING (run) WHERE sweep = ? AND status = 'FAILED' "
                   "ORDER BY position");
  select.bind(sweep);
  std::map<std::string, std::string> found;
  while (select.step()) found.emplace(select.text(0), select.text(1));
  return found;
}

}  // namespace sac
