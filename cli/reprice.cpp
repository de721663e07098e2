#include "experiments/repricing.h"

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/data_dir_option.h"
#include "cli/db_option.h"
#include "cli/output.h"
#include "cli/run_json.h"
#include "cli/spec_flags.h"
#include "cli/train_flags.h"
#include "engine/core/sha256.h"
#include "experiments/machine.h"
#include "experiments/sweep.h"
#include "experiments/sweep_arguments.h"
#include "results/format.h"
#include "results/json.h"
#include "results/selection.h"
#include "results/sweep_store.h"
#include "results/text_table.h"

namespace sac {
namespace {

constexpr const char* kExamples =
    "  sactool reprice 12 --set cluster.network.bandwidth_Bps=12.5e6           what run 12 takes at 100 Mbit/s\n"
    "  sactool reprice scaling --set cluster.network.bandwidth_Bps=[1e6,1e7,1e8,1e9] --store\n"
    "  sactool report reprice -o map.html                 who wins where, workers of the sweep x these bandwidths\n"
    "\n"
    "Nothing is trained again. Refused where the course of a run depends on time or on what it sends.";

struct RepriceFlags {
  Strings words;
  Strings sets;
  std::string database;
  std::string data_dir;
  std::string name = "reprice";
  std::int64_t slots = usable_cores();
  std::optional<double> target;
  bool store = false;
  bool json = false;
};

/// One run at one price.
struct Line {
  RunRecord run;
  std::string price;  ///< "bandwidth_Bps=1e7"
  RepricedRun repriced;
};

std::vector<Parameter> parameters_of(const Strings& sets) {
  std::vector<Parameter> parameters;
  for (const std::string& set : sets) {
    std::optional<Parameter> list = swept_assignment(set, "--set");
    if (list) {
      parameters.push_back(std::move(*list));
      continue;
    }
    const Setting setting = parse_assignment(set, "--set");
    parameters.push_back({.key = setting.key, .origin = setting.origin, .values = {setting.value}});
  }
  return parameters;
}

std::string price_text(const SweepRun& run) {
  std::string text;
  for (const auto& [key, value] : run.varied) {
    text += (text.empty() ? "" : " ") + key.substr(key.rfind('.') + 1) + "=" + value;
  }
  return text;
}

/// When the curve first reached the target; nothing = never.
std::optional<double> seconds_to(const RepricedRun& run, double target) {
  for (const MetricPoint& point : run.points) {
    if (point.series == "accuracy" && point.value >= target) return point.seconds;
  }
  return std::nullopt;
}

/// One run at each price.
void add_lines(const Repricer& repricer, const std::vector<Parameter>& parameters, std::vector<Line>& lines) {
  const RunRecord& run = repricer.run();
  const std::vector<Layer> own{read_spec_text(run.spec, "spec of run " + std::to_string(run.run))};
  for (const SweepRun& point : plan_sweep(own, {.parameters = parameters}).runs) {
    Line line{run, price_text(point), repricer.at(point.spec)};
    line.repriced.context.name = run.name + " " + line.price;
    lines.push_back(std::move(line));
  }
}

/// Every run that can be repriced; the others are named.  @throws UsageError  none can.
std::vector<Line> repriced_lines(const RepriceFlags& flags, const Store& store, const std::vector<RunRecord>& runs) {
  const std::vector<Parameter> parameters = parameters_of(flags.sets);
  const RunSettings settings{.slots = static_cast<int>(flags.slots),
                             .data_dir = flags.data_dir,
                             .argv = command_line(),
                             .timeline = flags.store ? kTimeline : 0,
                             .data = std::make_shared<DataCache>()};
  std::vector<Line> lines;
  Strings refusals;
  for (const RunRecord& run : runs) {
    for (const Parameter& parameter : parameters) check_repricing(parameter.key, run);
    try {
      add_lines(Repricer(store, run, settings), parameters, lines);
    } catch (const UsageError& error) {
      refusals.emplace_back(error.what());
    }
  }
  if (lines.empty() && !refusals.empty()) throw UsageError(refusals.front());
  for (const std::string& refusal : refusals) print_note(refusal);
  return lines;
}

Json json_of(const RepriceFlags& flags, const std::vector<Line>& lines) {
  Json all = Json::array();
  for (const Line& line : lines) {
    const WorkerTotals total = totals_of(line.repriced.outcome);
    Json json = {{"run", line.run.run},
                 {"name", line.run.name},
                 {"price", line.price},
                 {"key", line.repriced.context.key},
                 {"accuracy", json_number(line.run.accuracy)},
                 {"seconds", {{"was", line.run.seconds}, {"is", line.repriced.outcome.seconds}}},
                 {"communication_s", {{"was", line.run.communication_s}, {"is", total.communication_s}}},
                 {"waiting_s", {{"was", line.run.waiting_s}, {"is", total.waiting_s}}},
                 {"wire_bytes", {{"was", line.run.wire_bytes}, {"is", total.wire_bytes}}}};
    if (flags.target) json["target_seconds"] = json_number(seconds_to(line.repriced, *flags.target));
    all.push_back(json);
  }
  return all;
}

std::string table_of(const RepriceFlags& flags, const std::vector<Line>& lines, bool color) {
  Strings header = {"run", "name", "price", "time was (s)", "is (s)", "communication was (s)", "is (s)", "sent (MB)"};
  if (flags.target) header.push_back("to " + percent(*flags.target) + " (s)");
  TextTable table(header);
  table.left(1);
  table.left(2);
  for (const Line& line : lines) {
    const WorkerTotals total = totals_of(line.repriced.outcome);
    Strings row = {std::to_string(line.run.run),
                   line.run.name,
                   line.price,
                   significant(line.run.seconds, 4),
                   significant(line.repriced.outcome.seconds, 4),
                   significant(line.run.communication_s, 4),
                   significant(total.communication_s, 4),
                   significant(static_cast<double>(total.wire_bytes) / 1e6, 4)};
    if (flags.target) {
      const std::optional<double> reached = seconds_to(line.repriced, *flags.target);
      row.push_back(reached ? significant(*reached, 4) : "> " + significant(line.repriced.outcome.seconds, 4));
    }
    table.add(row);
  }
  return table.text(color);
}

/// As finished runs, under one name for compare and report.
void keep(const RepriceFlags& flags, const std::vector<Line>& lines) {
  const Store store = Store::open(flags.database, Store::Mode::kWrite);
  std::vector<RunContext> runs;
  Sha256 hash;
  for (const Line& line : lines) {
    hash.update(line.repriced.context.key);
    runs.push_back(line.repriced.context);
    if (store.newest(line.repriced.context.key, "FINISHED")) continue;
    const std::unique_ptr<RunSink> sink = store.sink();
    sink->begin(line.repriced.context);
    sink->record(line.repriced.points);
    sink->finish(line.repriced.outcome);
    sink->timeline(line.repriced.timeline);
  }
  SweepStore(flags.database).enter({.key = hash.hex(), .name = flags.name, .method = "reprice", .axes = ""}, runs);
}

ExitCode run_reprice(const RepriceFlags& flags, const Globals& globals) {
  if (flags.target && !(*flags.target > 0.0 && *flags.target <= 1.0)) {
    throw UsageError("target accuracy is " + shortest(*flags.target) + "; it must be in (0, 1], e.g. 0.85");
  }
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  const std::vector<Line> lines = repriced_lines(flags, store, select(store, flags.words).runs);
  if (flags.store) keep(flags, lines);
  std::cout << (flags.json ? json_text(json_of(flags, lines)) : table_of(flags, lines, globals.color));
  if (flags.store && !globals.quiet) {
    print_note("stored; see who wins where: sactool report " + flags.name + " -o map.html --db " + flags.database);
  }
  return ExitCode::kOk;
}

std::function<ExitCode()> add_reprice(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<RepriceFlags>();
  sub.footer(kExamples);
  sub.add_option("run", flags->words, "Runs (number, name, key prefix), groups (strategy, label) or sweeps")
      ->required()
      ->type_name("RUN|GROUP|SWEEP");
  sub.add_option("--set", flags->sets, "What is different: a cluster.network or cluster.compute key; a list = each")
      ->required()
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_db_option(sub, flags->database);
  add_data_dir_option(sub, flags->data_dir);
  sub.add_option("--target", flags->target, "Also show the time to this accuracy, e.g. 0.85")->type_name("ACC");
  sub.add_flag("--store", flags->store, "Store them as runs, for compare and report");
  sub.add_option("--name", flags->name, "Under which compare and report find the stored ones [reprice]")
      ->type_name("NAME")
      ->check(empty_name);
  add_slots_option(sub, flags->slots);
  sub.add_flag("--json", flags->json, "Print a JSON array");
  return [flags, &globals] { return run_reprice(*flags, globals); };
}

const Register<CommandEntry> registered{{.name = "reprice",
                                         .order = 26,
                                         .summary = "Time of finished runs on other networks, without training again",
                                         .add = add_reprice}};

}  // namespace
}  // namespace sac
