#include "results/selection.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/core/value.h"
#include "results/spec_text.h"

namespace sac {
namespace {

constexpr std::size_t kLabelOptions = 3;
constexpr std::size_t kShortKey = 8;

/// Keys of the specs of `groups` whose values are not all equal.
std::set<std::string> differing_keys(const std::vector<std::map<std::string, std::string>>& specs) {
  std::set<std::string> keys;
  for (const auto& spec : specs) {
    for (const auto& [key, value] : spec) keys.insert(key);
  }
  std::erase_if(keys, [&specs](const std::string& key) {
    const auto value_in = [&key](const auto& spec) { return spec.contains(key) ? spec.at(key) : std::string("-"); };
    const std::string first = value_in(specs.front());
    return std::ranges::all_of(specs, [&](const auto& spec) { return value_in(spec) == first; });
  });
  return keys;
}

/// Real fabrics and simulated ones are told apart by their names; what the simulated ones are like matters only among
/// several of them.
void leave_out_speeds(const std::vector<std::map<std::string, std::string>>& specs, std::set<std::string>& keys) {
  const auto is_speed = [](const std::string& key) {
    return key.starts_with("cluster.network.") || key.starts_with("cluster.compute.");
  };
  std::set<std::string> others = keys;
  std::erase_if(others, is_speed);
  std::set<std::vector<std::string>> distinct;
  for (const auto& spec : specs) {
    std::vector<std::string> values;
    for (const std::string& key : others) values.push_back(spec.contains(key) ? spec.at(key) : "-");
    distinct.insert(values);
  }
  if (distinct.size() == specs.size()) keys = others;
}

/// Labels groups of one strategy by the options that tell them apart; by their keys where there are too many.
void label_alike(const std::vector<RunGroup*>& groups) {
  std::vector<std::map<std::string, std::string>> specs;
  for (const RunGroup* group : groups) {
    specs.push_back(spec_values(group->runs.front().spec));
    specs.back().erase("train.seed");
  }
  std::set<std::string> keys = differing_keys(specs);
  leave_out_speeds(specs, keys);
  for (std::size_t place = 0; place < groups.size(); ++place) {
    std::string label = groups[place]->label;
    for (const std::string& key : keys) {
      const auto found = specs[place].find(key);
      label +=
          " " + key.substr(key.rfind('.') + 1) + "=" + (found == specs[place].end() ? "-" : short_value(found->second));
    }
    if (keys.empty() || keys.size() > kLabelOptions) {
      label = groups[place]->label + " " + groups[place]->key.substr(0, kShortKey);
    }
    groups[place]->label = label;
  }
}

void label(std::vector<RunGroup>& groups) {
  std::map<std::string, std::vector<RunGroup*>> by_strategy;
  for (RunGroup& group : groups) {
    if (!group.runs.empty()) by_strategy[group.label].push_back(&group);
  }
  for (const auto& [strategy, alike] : by_strategy) {
    if (alike.size() > 1) label_alike(alike);
  }
}

/// Keeps the newest run of each seed, by seed.
void keep_newest(RunGroup& group) {
  std::map<std::uint64_t, RunRecord> newest;
  for (RunRecord& run : group.runs) {
    const auto [place, is_new] = newest.try_emplace(run.seed, run);
    if (is_new) continue;
    ++group.repeats;
    if (run.run > place->second.run) place->second = std::move(run);
  }
  group.runs.clear();
  for (auto& [seed, run] : newest) group.runs.push_back(std::move(run));
}

std::vector<RunGroup> grouped_runs(const std::vector<RunRecord>& runs) {
  std::vector<RunGroup> groups;
  std::map<std::string, std::size_t> places;
  for (const RunRecord& run : runs) {
    const auto [place, is_new] = places.try_emplace(run.group_key, groups.size());
    if (is_new) groups.push_back({.key = run.group_key, .label = run.strategy, .runs = {}});
    RunGroup& group = groups[place->second];
    if (run.status == "FINISHED") {
      group.runs.push_back(run);
    } else {
      ++group.unfinished;
    }
  }
  for (RunGroup& group : groups) keep_newest(group);
  label(groups);
  return groups;
}

bool is_prefix(const std::string& word, const std::string& key) { return word.size() >= 4 && key.starts_with(word); }

/// The runs of `all` that `word` names as a strategy, a label or a group key's prefix.
std::vector<RunRecord> runs_of_groups(const std::vector<RunRecord>& all, const std::vector<RunGroup>& groups,
                                      const std::string& word) {
  std::set<std::string> keys;
  for (const RunGroup& group : groups) {
    if (group.label == word || is_prefix(word, group.key)) keys.insert(group.key);
  }
  std::vector<RunRecord> found;
  for (const RunRecord& run : all) {
    if (run.strategy == word || keys.contains(run.group_key)) found.push_back(run);
  }
  return found;
}

}  // namespace

Selection select(const Store& store, const std::vector<std::string>& words) {
  const std::vector<RunRecord> all = store.runs();
  Selection selection;
  if (words.empty()) {
    selection.runs = all;
  } else {
    const std::vector<RunGroup> groups = grouped_runs(all);
    std::set<std::int64_t> taken;
    for (const std::string& word : words) {
      std::vector<RunRecord> found = runs_of_groups(all, groups, word);
      if (found.empty()) found = store.runs_of_sweep(word);
      if (found.empty()) found.push_back(store.find(word));
      for (RunRecord& run : found) {
        if (taken.insert(run.run).second) selection.runs.push_back(std::move(run));
      }
    }
  }
  selection.groups = grouped_runs(selection.runs);
  return selection;
}

std::size_t find_group(const std::vector<RunGroup>& groups, const std::string& word, const std::string& thing) {
  std::vector<std::size_t> found;
  Strings labels;
  for (std::size_t place = 0; place < groups.size(); ++place) {
    const RunGroup& group = groups[place];
    labels.push_back(group.label);
    if (group.label == word) return place;
    const bool fits = is_prefix(word, group.key) || std::ranges::any_of(group.runs, [&word](const RunRecord& run) {
                        return run.name == word || run.strategy == word || std::to_string(run.run) == word;
                      });
    if (fits) found.push_back(place);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) throw UsageError(unknown_name(thing, word, labels));
  throw UsageError(thing + " '" + word + "' fits several groups; choices: " + join(labels));
}

}  // namespace sac
