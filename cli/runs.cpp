#include <algorithm>
#include <iostream>
#include <memory>

#include "cli/checkpoint_folder.h"
#include "cli/command.h"
#include "cli/db_option.h"
#include "cli/runs_actions.h"
#include "results/annotations.h"
#include "results/format.h"
#include "results/json.h"
#include "results/series_summary.h"
#include "results/store.h"
#include "results/text_table.h"

namespace sac {
namespace {

using RunsAction = ExitCode (*)(const RunsFlags& flags, const Globals& globals);

std::string maybe_text(const std::optional<double>& value, double scale, int digits) {
  return value ? fixed(*value * scale, digits) : "-";
}

std::string list_text(const std::vector<RunRecord>& runs, bool color) {
  TextTable table({"run", "name", "strategy", "status", "seed", "steps", "accuracy (%)", "loss", "time (s)", "key"});
  table.left(1);
  table.left(2);
  table.left(3);
  for (const RunRecord& run : runs) {
    const std::string steps =
        std::to_string(run.steps) + (run.steps < run.planned_steps ? "/" + std::to_string(run.planned_steps) : "");
    table.add({std::to_string(run.run), run.name, run.strategy, run.status + (run.resumable ? ", resumable" : ""),
               std::to_string(run.seed), steps, maybe_text(run.accuracy, 100.0, 2), maybe_text(run.loss, 1.0, 4),
               significant(run.seconds, 4), run.key.substr(0, 10)});
  }
  return table.text(color);
}

void keep_tagged(const RunsFlags& flags, std::vector<RunRecord>& runs) {
  const auto tags = Annotations(flags.database, Annotations::Access::kRead).all_tags();
  std::erase_if(runs, [&](const RunRecord& run) {
    const auto found = tags.find(run.run);
    return found == tags.end() || std::ranges::find(found->second, flags.tag) == found->second.end();
  });
}

ExitCode list_runs(const RunsFlags& flags, const Globals& globals) {
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  RunFilter filter = flags.filter;
  std::ranges::transform(filter.status, filter.status.begin(), [](unsigned char c) { return std::toupper(c); });
  std::vector<RunRecord> runs = store.runs(filter);
  if (!flags.tag.empty()) keep_tagged(flags, runs);
  if (flags.json) {
    Json list = Json::array();
    for (const RunRecord& run : runs) list.push_back(json_run(run));
    std::cout << json_text(list);
  } else if (runs.empty()) {
    if (!globals.quiet) std::cerr << "no runs in '" << flags.database << "' fit\n";
  } else {
    std::cout << list_text(runs, globals.color);
  }
  return ExitCode::kOk;
}

void add_outcome(const RunRecord& run, TextTable& table) {
  const Unit bytes = byte_unit(static_cast<double>(run.wire_bytes));
  const Unit payload = byte_unit(static_cast<double>(run.payload_bytes));
  table.add({"accuracy", run.accuracy ? fixed(*run.accuracy * 100.0, 2) + " %" : "-"});
  table.add({"loss", maybe_text(run.loss, 1.0, 6) + " (training " + maybe_text(run.train_loss, 1.0, 6) + ")"});
  table.add({"time", significant(run.seconds, 6) + " s (" + significant(run.wall_seconds, 4) + " s on this machine)"});
  table.add({"  compute", significant(run.compute_s, 6) + " s"});
  table.add({"  communication", significant(run.communication_s, 6) + " s (and " +
                                    significant(run.hidden_communication_s, 6) + " s hidden behind compute)"});
  table.add({"  waiting", significant(run.waiting_s, 6) + " s"});
  table.add({"  idle", significant(run.idle_s, 6) + " s"});
  table.add({"sent", significant(static_cast<double>(run.wire_bytes) * bytes.factor, 4) + " " + bytes.name +
                         " (payload " + significant(static_cast<double>(run.payload_bytes) * payload.factor, 4) + " " +
                         payload.name + ") in " + grouped(run.messages) + " messages"});
  if (run.staleness_mean) {
    table.add({"staleness", "mean " + significant(*run.staleness_mean, 4) + ", at most " +
                                std::to_string(run.staleness_max.value_or(0))});
  }
}

constexpr std::size_t kBars = 12;

/// "0: 3.1 %, 1: 40.2 %, ..."
std::string histogram_text(const std::map<std::int64_t, std::int64_t>& histogram) {
  double updates = 0.0;
  for (const auto& [staleness, count] : histogram) updates += static_cast<double>(count);
  std::string text;
  std::size_t shown = 0;
  for (const auto& [staleness, count] : histogram) {
    if (shown++ == kBars) return text + ", ...";
    text += (text.empty() ? "" : ", ") + std::to_string(staleness) + ": " +
            fixed(100.0 * static_cast<double>(count) / updates, 1) + " %";
  }
  return text;
}

/// What was recorded besides losses and accuracy.
void add_series(const Store& store, const RunRecord& run, TextTable& table) {
  const auto histogram = store.staleness(run.run);
  if (!histogram.empty()) table.add({"  of the updates", histogram_text(histogram)});
  for (const SeriesSummary& series : series_summaries(store, run.run)) {
    static const Strings kKnown{"accuracy", "loss", "train_loss", "learning_rate"};
    if (std::ranges::find(kKnown, series.series) != kKnown.end()) continue;
    table.add({series.series, "last " + significant(series.last, 4) + ", mean " + significant(series.mean, 4) +
                                  ", from " + significant(series.least, 4) + " to " + significant(series.most, 4) +
                                  " in " + grouped(static_cast<std::int64_t>(series.points)) +
                                  (series.points == 1 ? " point" : " points")});
  }
}

void add_annotations(const std::string& database, const RunRecord& run, TextTable& table) {
  Annotations annotations(database, Annotations::Access::kRead);
  const Strings tags = annotations.tags(run.run);
  const std::string note = annotations.note(run.run);
  if (!tags.empty()) table.add({"tags", join(tags)});
  if (!note.empty()) table.add({"note", note});
}

std::string show_text(const Store& store, const RunRecord& run, bool color) {
  TextTable table({"run " + std::to_string(run.run), run.name});
  table.left(1);
  table.add({"status", run.status + (run.error.empty() ? "" : ": " + run.error)});
  add_annotations(store.path().string(), run, table);
  if (!run.checkpoint.empty()) {
    table.add({"checkpoints", run.checkpoint + " (the newest of step " + std::to_string(run.checkpoint_step) + ")"});
  }
  table.add({"setting", run.strategy + " on " + run.dataset + ", " + run.model + " (" + grouped(run.parameters) +
                            " parameters), " + std::to_string(run.workers) + " workers x batch " +
                            std::to_string(run.batch_size) + ", " + run.fabric + ", seed " + std::to_string(run.seed)});
  table.add({"steps", grouped(run.steps) + " of " + grouped(run.planned_steps) + " a worker"});
  add_outcome(run, table);
  add_series(store, run, table);
  if (!run.params_sha256.empty()) table.add({"parameters' SHA-256", run.params_sha256});
  table.add({"key", run.key});
  table.add({"group key", run.group_key});
  table.add({"created", run.created});
  table.add({"finished", run.finished.empty() ? "-" : run.finished});
  for (const auto& [name, value] : store.provenance(run.run)) table.add({name, value});
  return table.text(color) + "\n" + run.spec;
}

ExitCode show_run(const RunsFlags& flags, const Globals& globals) {
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  const RunRecord run = store.find(flags.words.front());
  if (!flags.json) {
    std::cout << show_text(store, run, globals.color);
    return ExitCode::kOk;
  }
  Json json = json_run_in_full(store, run);
  json["series"] = json_series(store, run);
  std::cout << json_text(json);
  return ExitCode::kOk;
}

ExitCode remove_runs(const RunsFlags& flags, const Globals& globals) {
  if (!std::filesystem::exists(flags.database)) throw UsageError("no database '" + flags.database + "'");
  Store store = Store::open(flags.database, Store::Mode::kWrite);
  std::vector<std::int64_t> ids;
  Strings names;
  for (const std::string& word : flags.words) {
    const RunRecord run = store.find(word);
    if (std::ranges::find(ids, run.run) != ids.end()) continue;
    ids.push_back(run.run);
    names.push_back(run.name);
  }
  store.remove(ids);
  for (const std::string& name : names) checkpoints_of(flags.database, name).remove();
  if (!globals.quiet) std::cerr << "removed " << ids.size() << (ids.size() == 1 ? " run\n" : " runs\n");
  return ExitCode::kOk;
}

std::function<ExitCode()> add_runs(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<RunsFlags>();
  const auto chosen = std::make_shared<RunsAction>(nullptr);
  sub.require_subcommand(1);
  const auto add = [&](const char* name, const char* summary, RunsAction action) {
    CLI::App* own = sub.add_subcommand(name, summary);
    add_db_option(*own, flags->database);
    own->callback([chosen, action] { *chosen = action; });
    return own;
  };
  CLI::App* list = add("ls", "List runs, oldest first", list_runs);
  list->add_option("--status", flags->filter.status, "Only these")
      ->check(CLI::IsMember({"SCHEDULED", "RUNNING", "FINISHED", "FAILED", "KILLED", "CRASHED"}, CLI::ignore_case));
  list->add_option("--strategy", flags->filter.strategy, "Only runs of this strategy");
  list->add_option("--tag", flags->tag, "Only runs with this tag");
  list->add_flag("--json", flags->json, "Print a JSON array");
  CLI::App* show = add("show", "Show all about one run", show_run);
  show->add_option("run", flags->words, "Number, name or key prefix")->required()->expected(1)->type_name("RUN");
  show->add_flag("--json", flags->json, "Print one JSON object");
  CLI::App* diff = add("diff", "Print in what two runs differ", diff_runs);
  diff->add_option("run", flags->words, "Numbers, names or key prefixes")
      ->required()
      ->expected(2)
      ->type_name("RUN RUN");
  diff->add_flag("--json", flags->json, "Print a JSON array");
  CLI::App* tag = add("tag", "Add tags to a run", tag_run);
  tag->add_option("run", flags->run, "Number, name or key prefix")->required()->type_name("RUN");
  tag->add_option("tag", flags->tags, "Words without commas")->required()->type_name("TAG");
  tag->add_flag("--remove", flags->remove, "Take them away instead");
  CLI::App* note = add("note", "Set a run's note; an empty one removes it", note_run);
  note->add_option("run", flags->run, "Number, name or key prefix")->required()->type_name("RUN");
  note->add_option("text", flags->note, "The note")->required()->type_name("TEXT");
  CLI::App* remove = add("rm", "Remove runs with everything that belongs to them", remove_runs);
  remove->add_option("run", flags->words, "Numbers, names or key prefixes")->required()->type_name("RUN");
  return [flags, chosen, &globals] { return (*chosen)(*flags, globals); };
}

const Register<CommandEntry> registered{
    {.name = "runs", .order = 50, .summary = "List, show, compare, tag or remove runs", .add = add_runs}};

}  // namespace
}  // namespace sac
