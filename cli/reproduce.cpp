#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/data_dir_option.h"
#include "cli/db_option.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/run_json.h"
#include "cli/signals.h"
#include "cli/spec_flags.h"
#include "engine/core/value.h"
#include "experiments/machine.h"
#include "experiments/runner.h"
#include "experiments/tee.h"
#include "results/json.h"
#include "results/spec_text.h"
#include "results/store.h"
#include "results/text_table.h"

namespace sac {
namespace {

constexpr const char* kExamples =
    "  sactool reproduce 12                               run 12 again from its stored spec; exit 1 where bits differ\n"
    "\n"
    "Nothing is stored. Bits are the same on one type of machine and build; what has changed since is listed.";

struct ReproduceFlags {
  std::string run;
  std::string database;
  std::string data_dir;
  std::int64_t slots = usable_cores();
  bool json = false;
};

struct Difference {
  std::string part;  ///< "outcome", "point", "origin"
  std::string name;
  std::string stored;
  std::string again;
};

/// Keeps all points, by series.
class Collector final : public MetricSink {
 public:
  void begin(const RunContext& /*context*/) override {}
  void record(std::span<const MetricPoint> points) override {
    for (const MetricPoint& point : points) points_[point.series].push_back(point);
  }
  void progress(const Progress& /*progress*/) override {}
  void finish(const RunOutcome& /*outcome*/) override {}

  [[nodiscard]] const std::map<std::string, std::vector<MetricPoint>>& points() const { return points_; }

 private:
  std::map<std::string, std::vector<MetricPoint>> points_;
};

std::string text_of(const std::optional<double>& value) { return value ? shortest(*value) : "-"; }

void add_outcome(const RunRecord& stored, const RunOutcome& again, std::vector<Difference>& found) {
  const WorkerTotals total = totals_of(again);
  const auto check = [&](const char* name, const std::string& one, const std::string& other) {
    if (one != other) found.push_back({"outcome", name, one, other});
  };
  check("params_sha256", stored.params_sha256, again.params_sha256);
  check("steps", std::to_string(stored.steps), std::to_string(again.steps));
  check("accuracy", text_of(stored.accuracy), text_of(again.accuracy));
  check("loss", text_of(stored.loss), text_of(again.loss));
  check("train_loss", text_of(stored.train_loss), text_of(again.train_loss));
  check("seconds", shortest(stored.seconds), shortest(again.seconds));
  check("wire_bytes", std::to_string(stored.wire_bytes), std::to_string(total.wire_bytes));
  check("messages", std::to_string(stored.messages), std::to_string(total.messages));
}

std::string moment_text(const MetricPoint& point) {
  return shortest(point.value) + " at " + shortest(point.seconds) + " s";
}

/// The first point of a series that came out otherwise.
void add_points(const std::string& series, const std::vector<MetricPoint>& stored,
                const std::vector<MetricPoint>& again, std::vector<Difference>& found) {
  for (std::size_t place = 0; place < std::max(stored.size(), again.size()); ++place) {
    const std::string one = place < stored.size() ? moment_text(stored[place]) : "-";
    const std::string other = place < again.size() ? moment_text(again[place]) : "-";
    if (one == other) continue;
    const MetricPoint& point = place < stored.size() ? stored[place] : again[place];
    found.push_back({"point", series + ", step " + std::to_string(point.step), one, other});
    return;
  }
}

void add_origin(const Store& store, const RunRecord& run, const RunContext& again, std::vector<Difference>& found) {
  const std::map<std::string, std::string> now(again.provenance.begin(), again.provenance.end());
  for (const auto& [name, value] : store.provenance(run.run)) {
    if (name == "started" || name == "argv" || name == "slots") continue;
    const auto other = now.find(name);
    const std::string text = other == now.end() ? "-" : other->second;
    if (text != value) found.push_back({"origin", name, value, text});
  }
}

RunRecord reproducible_run(const Store& store, const std::string& word) {
  RunRecord run = store.find(word);
  const std::string name = "run " + std::to_string(run.run) + " '" + run.name + "'";
  if (run.fabric != "virtual") {
    throw UsageError(name + " ran on " + run.fabric + "; only virtual runs have the same bits twice");
  }
  if (run.status != "FINISHED")
    throw UsageError(name + " is " + run.status + "; only a FINISHED run can be reproduced");
  return run;
}

void print(const ReproduceFlags& flags, const Globals& globals, const RunRecord& run, bool same, std::size_t points,
           const std::vector<Difference>& found) {
  if (flags.json) {
    Json list = Json::array();
    for (const Difference& entry : found) {
      list.push_back({{"part", entry.part}, {"name", entry.name}, {"stored", entry.stored}, {"again", entry.again}});
    }
    std::cout << json_text({{"run", run.run}, {"reproduced", same}, {"points", points}, {"differences", list}});
    return;
  }
  TextTable table({"", "", "stored", "again"});
  for (const std::size_t column : {1U, 2U, 3U}) table.left(column);
  for (const Difference& entry : found) {
    table.add({entry.part, entry.name, short_value(entry.stored), short_value(entry.again)});
  }
  if (!found.empty()) std::cout << table.text(globals.color);
  std::cout << "run " << run.run << " '" << run.name << "' "
            << (same ? "reproduced: same parameters (SHA-256 " + run.params_sha256.substr(0, 16) +
                           "...), losses, times and bytes at all " + std::to_string(points) + " points\n"
                     : std::string("was not reproduced; the differences are above\n"));
}

/// The run, made again.
struct Again {
  RunContext context;
  RunOutcome outcome;
  std::map<std::string, std::vector<MetricPoint>> points;  ///< by series
};

Again make_again(const ReproduceFlags& flags, const Globals& globals, const RunRecord& run) {
  const Layer own = read_spec_text(run.spec, "spec of run " + std::to_string(run.run));
  PreparedRun prepared = prepare_run(resolve(std::vector{own}), {.slots = static_cast<int>(flags.slots),
                                                                 .data_dir = flags.data_dir,
                                                                 .argv = command_line(),
                                                                 .stop = &catch_stop_signals()});
  Again again{.context = prepared.context, .outcome = {}, .points = {}};
  Collector collector;
  ProgressDisplay display(ProgressDisplay::style_for(globals.quiet));
  Tee tee({&collector, &display});
  again.outcome = execute(std::move(prepared), tee, [] { return std::string(); });
  again.points = collector.points();
  return again;
}

/// What came out otherwise; empty = every bit is the same.
std::vector<Difference> differences(const Store& store, const RunRecord& run, const Again& again) {
  std::vector<Difference> found;
  if (again.context.key != run.key) found.push_back({"outcome", "key (spec or data)", run.key, again.context.key});
  add_outcome(run, again.outcome, found);
  for (const auto& [series, points] : again.points) add_points(series, store.points(run.run, series), points, found);
  for (const std::string& series : store.series(run.run)) {
    if (!again.points.contains(series)) add_points(series, store.points(run.run, series), {}, found);
  }
  return found;
}

ExitCode run_reproduce(const ReproduceFlags& flags, const Globals& globals) {
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  const RunRecord run = reproducible_run(store, flags.run);
  const Again again = make_again(flags, globals, run);
  if (again.outcome.status == RunStatus::kKilled) return stop_code();
  std::vector<Difference> found = differences(store, run, again);
  const bool same = found.empty();
  add_origin(store, run, again.context, found);
  std::size_t points = 0;
  for (const auto& [series, values] : again.points) points += values.size();
  print(flags, globals, run, same, points, found);
  return same ? ExitCode::kOk : ExitCode::kRunFailed;
}

std::function<ExitCode()> add_reproduce(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<ReproduceFlags>();
  sub.footer(kExamples);
  sub.add_option("run", flags->run, "Number, name or key prefix")->required()->type_name("RUN");
  add_db_option(sub, flags->database);
  add_data_dir_option(sub, flags->data_dir);
  add_slots_option(sub, flags->slots);
  sub.add_flag("--json", flags->json, "Print one JSON object");
  return [flags, &globals] { return run_reproduce(*flags, globals); };
}

const Register<CommandEntry> registered{{.name = "reproduce",
                                         .order = 52,
                                         .summary = "Make a stored run again and compare every bit of it",
                                         .add = add_reproduce}};

}  // namespace
}  // namespace sac
