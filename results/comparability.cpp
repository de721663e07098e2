#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/core/value.h"
#include "results/compare.h"
#include "results/format.h"
#include "results/run_samples.h"
#include "results/spec_text.h"

namespace sac {
namespace {

constexpr std::size_t kShownGroups = 4;

/// One thing that should be equal in all groups.
struct Aspect {
  const char* name;
  std::function<std::string(const RunRecord&)> value;
};

const std::array<Aspect, 6>& blocking_aspects() {
  static const std::array<Aspect, 6> kAspects = {
      {{"data", [](const RunRecord& run) { return run.dataset; }},
       {"model", [](const RunRecord& run) { return run.model; }},
       {"fabric", [](const RunRecord& run) { return run.fabric; }},
       {"workers", [](const RunRecord& run) { return std::to_string(run.workers); }},
       {"global batch", [](const RunRecord& run) { return grouped(run.batch_size * replicas_of(run)); }},
       {"samples seen", [](const RunRecord& run) { return grouped(samples_of(run)); }}}};
  return kAspects;
}

/// Spec keys that a blocking aspect already speaks of, or that may differ freely.
bool is_covered(const std::string& key) {
  static const std::set<std::string> kCovered = {"data.name",      "data.dataset",    "model.name",
                                                 "cluster.fabric", "cluster.workers", "train.batch_size",
                                                 "train.steps",    "train.epochs",    "train.seed"};
  return kCovered.contains(key) || key.starts_with("strategy");
}

bool all_equal(const Strings& values) {
  return std::ranges::all_of(values, [&values](const std::string& value) { return value == values.front(); });
}

/// "groups differ in workers: sync_sgd 4, staged 8"
std::string difference(const std::string& aspect, const std::vector<GroupSummary>& groups, const Strings& values) {
  Strings parts;
  for (std::size_t place = 0; place < std::min(groups.size(), kShownGroups); ++place) {
    parts.push_back(groups[place].group.label + " " + values[place]);
  }
  if (groups.size() > kShownGroups) parts.push_back("...");
  return "groups differ in " + aspect + ": " + join(parts);
}

void add_spec_notes(const std::vector<GroupSummary>& groups, std::vector<Note>& notes) {
  std::vector<std::map<std::string, std::string>> specs;
  std::set<std::string> keys;
  for (const GroupSummary& summary : groups) {
    specs.push_back(spec_values(summary.group.runs.front().spec));
    for (const auto& [key, value] : specs.back()) keys.insert(key);
  }
  for (const std::string& key : keys) {
    if (is_covered(key)) continue;
    Strings values;
    for (const auto& spec : specs) values.push_back(spec.contains(key) ? short_value(spec.at(key)) : "-");
    if (!all_equal(values)) notes.push_back({difference(key, groups, values)});
  }
}

void add_seed_note(const std::vector<GroupSummary>& groups, std::vector<Note>& notes) {
  Strings seeds;
  for (const GroupSummary& summary : groups) {
    Strings own;
    for (const RunRecord& run : summary.group.runs) own.push_back(std::to_string(run.seed));
    seeds.push_back(join(own, "+"));
  }
  if (!all_equal(seeds)) notes.push_back({difference("seeds", groups, seeds) + "; effects use common seeds only"});
}

/// Real seconds depend on the machine and the build; virtual ones do not, but the last bits of their results may.
void add_machine_notes(const Store& store, const std::vector<GroupSummary>& groups, std::vector<Note>& notes) {
  const bool real = std::ranges::any_of(
      groups, [](const GroupSummary& summary) { return summary.group.runs.front().fabric != "virtual"; });
  std::map<std::string, std::set<std::string>> seen;
  for (const GroupSummary& summary : groups) {
    for (const RunRecord& run : summary.group.runs) {
      for (const auto& [name, value] : store.provenance(run.run)) seen[name].insert(value);
    }
  }
  for (const char* name :
       {"sactool", "git_commit", "compiler", "build_type", "libtorch", "cpu", "host", "gpu", "nccl"}) {
    const std::set<std::string>& values = seen[name];
    const bool about_machine = std::string_view(name) == "host" || std::string_view(name) == "gpu";
    if (values.size() < 2 || (about_machine && !real)) continue;
    const Strings shown(values.begin(), values.end());
    notes.push_back({"runs differ in " + std::string(name) + ": " + join(shown), real});
  }
}

}  // namespace

std::vector<Note> comparability(const Store& store, const std::vector<GroupSummary>& groups) {
  std::vector<Note> notes;
  for (const Aspect& aspect : blocking_aspects()) {
    Strings values;
    for (const GroupSummary& summary : groups) values.push_back(aspect.value(summary.group.runs.front()));
    if (!all_equal(values)) notes.push_back({difference(aspect.name, groups, values), true});
  }
  add_spec_notes(groups, notes);
  add_seed_note(groups, notes);
  add_machine_notes(store, groups, notes);
  return notes;
}

}  // namespace sac
