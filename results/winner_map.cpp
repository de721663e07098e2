#include "results/winner_map.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "engine/core/value.h"
#include "results/format.h"
#include "results/spec_text.h"

namespace sac {
namespace {

constexpr std::size_t kMostValues = 24;  ///< of an axis

/// What each group has for one key; "" where its spec does not have the key.
struct Axis {
  std::string key;
  Strings values{};  ///< a group
  Strings distinct{};
};

std::optional<double> number_of(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') return std::nullopt;
  return number;
}

/// Numbers by size, words in the order in which they came.
Strings sorted_values(const Strings& values) {
  Strings distinct;
  for (const std::string& value : values) {
    if (std::ranges::find(distinct, value) == distinct.end()) distinct.push_back(value);
  }
  if (std::ranges::all_of(distinct, [](const std::string& value) { return number_of(value).has_value(); })) {
    std::ranges::sort(distinct, {}, [](const std::string& value) { return *number_of(value); });
  }
  return distinct;
}

/// True where each of `givers` goes with one of `values` alone.
bool is_function_of(const Strings& values, const Strings& givers) {
  std::map<std::string, std::string> by_giver;
  for (std::size_t place = 0; place < values.size(); ++place) {
    const auto [entry, is_new] = by_giver.try_emplace(givers[place], values[place]);
    if (!is_new && entry->second != values[place]) return false;
  }
  return true;
}

Strings strategies_of(const Comparison& comparison) {
  Strings names;
  for (const GroupSummary& group : comparison.groups) names.push_back(group.group.runs.front().strategy);
  return names;
}

/// Keys that vary, but not with the strategy alone: the cluster's first, then those with most values.
std::vector<Axis> candidates(const Comparison& comparison) {
  std::vector<std::map<std::string, std::string>> specs;
  std::set<std::string> keys;
  for (const GroupSummary& group : comparison.groups) {
    specs.push_back(spec_values(group.group.runs.front().spec));
    for (const auto& [key, value] : specs.back()) keys.insert(key);
  }
  const Strings strategies = strategies_of(comparison);
  std::vector<Axis> axes;
  for (const std::string& key : keys) {
    if (key.starts_with("strategy.") || key == "train.seed") continue;
    Axis axis{.key = key};
    for (const auto& spec : specs) axis.values.push_back(spec.contains(key) ? spec.at(key) : "");
    axis.distinct = sorted_values(axis.values);
    const bool varies = axis.distinct.size() > 1 && axis.distinct.size() <= kMostValues;
    if (varies && !is_function_of(axis.values, strategies)) axes.push_back(std::move(axis));
  }
  std::ranges::stable_sort(axes, std::greater<>(), [](const Axis& axis) {
    return std::pair(axis.key.starts_with("cluster."), axis.distinct.size());
  });
  return axes;
}

/// The first axis, and the first other one that is not the same in other words.
std::vector<Axis> chosen_axes(const Comparison& comparison) {
  std::vector<Axis> chosen;
  for (Axis& axis : candidates(comparison)) {
    const bool again = !chosen.empty() && is_function_of(axis.values, chosen.front().values);
    if (!again) chosen.push_back(std::move(axis));
    if (chosen.size() == 2) break;
  }
  return chosen;
}

bool apart(const Summary& winner, const Summary& second) {
  return winner.half_width && second.half_width && winner.mean + *winner.half_width < second.mean - *second.half_width;
}

/// The winner among `groups`, and the best of another strategy.
WinnerMap::Cell cell_of(const Comparison& comparison, const std::vector<std::size_t>& groups) {
  const auto time_of = [&](std::size_t place) { return *winning_time(comparison, comparison.groups[place]); };
  const auto strategy_of = [&](std::size_t place) { return comparison.groups[place].group.runs.front().strategy; };
  WinnerMap::Cell cell;
  for (const std::size_t place : groups) {
    if (!cell.winner || time_of(place).mean < time_of(*cell.winner).mean) cell.winner = place;
  }
  for (const std::size_t place : groups) {
    if (strategy_of(place) == strategy_of(*cell.winner)) continue;
    if (!cell.second || time_of(place).mean < time_of(*cell.second).mean) cell.second = place;
  }
  if (!cell.second) return cell;
  cell.lead = time_of(*cell.second).mean / time_of(*cell.winner).mean;
  cell.sure = apart(time_of(*cell.winner), time_of(*cell.second));
  return cell;
}

}  // namespace

std::optional<Summary> winning_time(const Comparison& comparison, const GroupSummary& group) {
  if (!comparison.target) return group.seconds.n > 0 ? std::optional(group.seconds) : std::nullopt;
  if (!group.target || group.target->reached < group.target->seconds.n) return std::nullopt;
  return group.target->seconds;
}

std::optional<WinnerMap> winner_map(const Comparison& comparison) {
  const Strings strategies = strategies_of(comparison);
  if (std::set(strategies.begin(), strategies.end()).size() < 2) return std::nullopt;
  const std::vector<Axis> axes = chosen_axes(comparison);
  if (axes.empty()) return std::nullopt;
  const Axis one_row{.key = "", .values = Strings(comparison.groups.size()), .distinct = {""}};
  const Axis& x = axes.front();
  const Axis& y = axes.size() > 1 ? axes[1] : one_row;
  WinnerMap map{.x_key = x.key, .y_key = y.key, .xs = x.distinct, .ys = y.distinct, .cells = {}};
  for (const std::string& row : y.distinct) {
    std::vector<WinnerMap::Cell>& cells = map.cells.emplace_back();
    for (const std::string& column : x.distinct) {
      std::vector<std::size_t> there;
      for (std::size_t place = 0; place < comparison.groups.size(); ++place) {
        const bool fits = x.values[place] == column && y.values[place] == row;
        if (fits && winning_time(comparison, comparison.groups[place])) there.push_back(place);
      }
      cells.push_back(there.empty() ? WinnerMap::Cell{} : cell_of(comparison, there));
    }
  }
  return map;
}

std::string value_text(const std::string& key, const std::string& value) {
  const std::optional<double> number = number_of(value);
  if (!number || *number <= 0.0 || !std::isfinite(*number)) return short_value(value);
  const bool rate = key.ends_with("_Bps");
  if (!rate && !key.ends_with("_s")) return short_value(value);
  const Unit unit = rate ? byte_unit(*number) : time_unit(*number);
  return significant(*number * unit.factor, 3) + " " + unit.name + (rate ? "/s" : "");
}

}  // namespace sac
