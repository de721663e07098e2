#include "cli/runs_actions.h"

#include <iostream>
#include <map>
#include <set>

#include "results/annotations.h"
#include "results/json.h"
#include "results/spec_text.h"
#include "results/text_table.h"

namespace sac {
namespace {

using Texts = std::map<std::string, std::string>;

/// What a run came to, as text by name.
Texts outcome_of(const RunRecord& run) {
  Texts all;
  const Json json = json_run(run);
  for (const char* name :
       {"status", "steps", "accuracy", "loss", "train_loss", "seconds", "compute_s", "communication_s", "waiting_s",
        "idle_s", "payload_bytes", "wire_bytes", "messages", "staleness_mean", "params_sha256", "error"}) {
    all[name] = json[name].is_string() ? json[name].get<std::string>() : json[name].dump();
  }
  return all;
}

Texts origin_of(const Store& store, std::int64_t run) {
  Texts all;
  for (const auto& [name, value] : store.provenance(run)) all[name] = value;
  all.erase("started");
  return all;
}

struct Difference {
  std::string part;
  std::string name;
  std::string one;
  std::string other;
};

void add_differences(const std::string& part, const Texts& one, const Texts& other, std::vector<Difference>& found) {
  std::set<std::string> names;
  for (const Texts* texts : {&one, &other}) {
    for (const auto& [name, value] : *texts) names.insert(name);
  }
  for (const std::string& name : names) {
    const auto value_in = [&name](const Texts& texts) {
      return texts.contains(name) ? texts.at(name) : std::string("-");
    };
    if (value_in(one) != value_in(other)) found.push_back({part, name, value_in(one), value_in(other)});
  }
}

}  // namespace

ExitCode diff_runs(const RunsFlags& flags, const Globals& globals) {
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  const RunRecord one = store.find(flags.words[0]);
  const RunRecord other = store.find(flags.words[1]);
  std::vector<Difference> found;
  add_differences("spec", spec_values(one.spec), spec_values(other.spec), found);
  add_differences("outcome", outcome_of(one), outcome_of(other), found);
  add_differences("origin", origin_of(store, one.run), origin_of(store, other.run), found);
  if (flags.json) {
    Json list = Json::array();
    for (const Difference& entry : found) {
      list.push_back({{"part", entry.part}, {"name", entry.name}, {"one", entry.one}, {"other", entry.other}});
    }
    std::cout << json_text(list);
    return ExitCode::kOk;
  }
  TextTable table({"", "", one.name, other.name});
  for (const std::size_t column : {1U, 2U, 3U}) table.left(column);
  for (const Difference& entry : found) {
    table.add({entry.part, entry.name, short_value(entry.one), short_value(entry.other)});
  }
  std::cout << (found.empty() ? "the runs do not differ\n" : table.text(globals.color));
  return ExitCode::kOk;
}

ExitCode tag_run(const RunsFlags& flags, const Globals& /*globals*/) {
  const std::int64_t run = Store::open(flags.database, Store::Mode::kRead).find(flags.run).run;
  Annotations annotations(flags.database, Annotations::Access::kWrite);
  if (flags.remove) {
    annotations.untag(run, flags.tags);
  } else {
    annotations.tag(run, flags.tags);
  }
  return ExitCode::kOk;
}

ExitCode note_run(const RunsFlags& flags, const Globals& /*globals*/) {
  const std::int64_t run = Store::open(flags.database, Store::Mode::kRead).find(flags.run).run;
  Annotations(flags.database, Annotations::Access::kWrite).set_note(run, flags.note);
  return ExitCode::kOk;
}

}  // namespace sac
