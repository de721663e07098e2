#include "experiments/sweep_table.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "experiments/sweep_seeds.h"
#include "experiments/toml_value.h"

namespace sac {
namespace {

const Strings kMethods{"grid", "random", "zipped", "explicit"};
const Strings kDistributions{"uniform", "log_uniform_values", "int_uniform"};
const Strings kParameterWords{"value", "values", "min", "max", "distribution"};

/// Reads one [sweep] table; knows the file for messages.
class Reader {
 public:
  explicit Reader(std::string source) : source_(std::move(source)) {}

  SweepTable read(const toml::table& sweep) const;

 private:
  [[nodiscard]] std::string at(const toml::node& node) const { return at_line(source_, node.source()); }
  [[noreturn]] static void refuse(const std::string& origin, const std::string& what) {
    throw ConfigError(origin + ": " + what);
  }

  void read_word(const std::string& word, const toml::node& node, SweepTable& table) const;
  [[nodiscard]] std::string text_of(const toml::node& node, const std::string& key) const;
  [[nodiscard]] std::int64_t count_of(const toml::node& node, const std::string& key, std::int64_t least) const;
  void read_parameters(const toml::table& table, const std::string& prefix, std::vector<Parameter>& found) const;
  [[nodiscard]] Parameter read_parameter(const std::string& key, const toml::node& node) const;
  void read_distribution(const toml::table& words, Parameter& parameter) const;
  void read_values(const toml::node& node, Parameter& parameter) const;
  void read_points(const toml::node& node, SweepTable& table) const;
  void read_point(const toml::table& table, const std::string& prefix, std::vector<Setting>& point) const;
  [[nodiscard]] const toml::table& table_of(const toml::node& node, const std::string& key, const Strings& words) const;
  void read_metric(const toml::node& node, EarlyStop& rule) const;
  void read_early_stop(const toml::node& node, EarlyStop& rule) const;
  void check(const SweepTable& table) const;

  std::string source_;
};

bool is_parameter(const toml::node& node) {
  const toml::table* words = node.as_table();
  if (words == nullptr || words->empty() || words->is_inline()) return true;
  return std::ranges::any_of(kParameterWords, [&](const std::string& word) { return words->contains(word); });
}

std::string Reader::text_of(const toml::node& node, const std::string& key) const {
  if (const auto text = node.value_exact<std::string>()) return *text;
  refuse(at(node), key + " must be a string");
}

std::int64_t Reader::count_of(const toml::node& node, const std::string& key, std::int64_t least) const {
  const auto number = node.value_exact<std::int64_t>();
  if (!number) refuse(at(node), key + " must be an integer");
  if (*number < least || *number > kMostSweepRuns) {
    refuse(at(node), key + " = " + std::to_string(*number) + " is out of range; it must be in [" +
                         std::to_string(least) + ", " + std::to_string(kMostSweepRuns) + "]");
  }
  return *number;
}

SweepTable Reader::read(const toml::table& sweep) const {
  SweepTable table;
  table.origin = at(sweep);
  for (const auto& [word, node] : sweep) read_word(std::string(word.str()), node, table);
  check(table);
  return table;
}

void Reader::read_word(const std::string& word, const toml::node& node, SweepTable& table) const {
  static const Strings kWords{"name",       "method", "seeds",  "run_cap",        "random_seed",
                              "parameters", "points", "metric", "early_terminate"};
  if (word == "name") {
    table.name = text_of(node, "sweep.name");
  } else if (word == "method") {
    table.method = text_of(node, "sweep.method");
    const bool known = std::ranges::find(kMethods, table.method) != kMethods.end();
    if (!known) refuse(at(node), unknown_name("sweep.method", table.method, kMethods));
  } else if (word == "seeds") {
    table.seeds = seed_settings(node, at(node));
  } else if (word == "run_cap") {
    table.run_cap = count_of(node, "sweep.run_cap", 1);
  } else if (word == "random_seed") {
    table.random_seed = static_cast<std::uint64_t>(count_of(node, "sweep.random_seed", 0));
  } else if (word == "parameters") {
    if (!node.is_table()) refuse(at(node), "sweep.parameters must be a table");
    read_parameters(*node.as_table(), "", table.parameters);
  } else if (word == "points") {
    read_points(node, table);
  } else if (word == "metric") {
    read_metric(node, table.early_stop);
  } else if (word == "early_terminate") {
    read_early_stop(node, table.early_stop);
  } else {
    refuse(at(node), unknown_name("key of [sweep]", word, kWords));
  }
}

void Reader::read_parameters(const toml::table& table, const std::string& prefix, std::vector<Parameter>& found) const {
  std::vector<std::pair<std::uint32_t, std::pair<std::string, const toml::node*>>> in_order;
  for (const auto& [name, node] : table) {
    in_order.push_back({name.source().begin.line, {prefix + std::string(name.str()), &node}});
  }
  std::ranges::stable_sort(in_order, {}, [](const auto& entry) { return entry.first; });
  for (const auto& [line, entry] : in_order) {
    const auto& [key, node] = entry;
    if (is_parameter(*node)) {
      found.push_back(read_parameter(key, *node));
    } else {
      read_parameters(*node->as_table(), key + ".", found);
    }
  }
}

Parameter Reader::read_parameter(const std::string& key, const toml::node& node) const {
  Parameter parameter{.key = key, .origin = at(node)};
  const toml::table* words = node.as_table();
  if (words == nullptr) {
    read_values(node, parameter);
    return parameter;
  }
  for (const auto& [word, value] : *words) {
    const std::string name(word.str());
    if (std::ranges::find(kParameterWords, name) == kParameterWords.end()) {
      refuse(at(value), unknown_name("word of parameter '" + key + "'", name, kParameterWords));
    }
  }
  const bool listed = words->contains("values");
  const bool single = words->contains("value");
  const bool drawn = words->contains("min") || words->contains("max");
  if (int{listed} + int{single} + int{drawn} != 1) {
    refuse(parameter.origin, "parameter '" + key + "' needs one of: values = [...], value = ..., min and max");
  }
  if (drawn) {
    read_distribution(*words, parameter);
  } else if (listed) {
    read_values(*words->get("values"), parameter);
  } else {
    const std::optional<Value> value = node_value(*words->get("value"));
    if (!value) refuse(parameter.origin, "parameter '" + key + "' has a value that no key can hold");
    parameter.values = {*value};
  }
  return parameter;
}

void Reader::read_distribution(const toml::table& words, Parameter& parameter) const {
  const auto number = [&](const char* word) {
    const toml::node* node = words.get(word);
    if (node == nullptr || !node->is_number()) {
      refuse(parameter.origin, "parameter '" + parameter.key + "' needs a number " + word);
    }
    return *node->value<double>();
  };
  parameter.min = number("min");
  parameter.max = number("max");
  const bool whole = words.get("min")->is_integer() && words.get("max")->is_integer();
  parameter.distribution = whole ? "int_uniform" : "uniform";
  if (const toml::node* node = words.get("distribution")) {
    parameter.distribution = text_of(*node, "distribution");
    const bool known = std::ranges::find(kDistributions, parameter.distribution) != kDistributions.end();
    if (!known) refuse(at(*node), unknown_name("distribution", parameter.distribution, kDistributions));
  }
  const std::string range = "[" + shortest(parameter.min) + ", " + shortest(parameter.max) + "]";
  const bool finite = std::isfinite(parameter.min) && std::isfinite(parameter.max);
  if (!finite || parameter.min > parameter.max) {
    refuse(parameter.origin, "parameter '" + parameter.key + "' has the range " + range + "; min must not exceed max");
  }
  if (parameter.distribution == "log_uniform_values" && parameter.min <= 0.0) {
    refuse(parameter.origin, "parameter '" + parameter.key + "' has the range " + range + "; a logarithmic one is > 0");
  }
  if (parameter.distribution == "int_uniform" && !whole) {
    refuse(parameter.origin,
           "parameter '" + parameter.key + "' has the range " + range + "; int_uniform needs integers");
  }
}

void Reader::read_values(const toml::node& node, Parameter& parameter) const {
  const toml::array* list = node.as_array();
  if (list == nullptr || list->empty()) {
    refuse(parameter.origin,
           "parameter '" + parameter.key + "' needs a list of at least one value, e.g. { values = [1, 2] }");
  }
  for (const toml::node& item : *list) {
    const std::optional<Value> value = node_value(item);
    if (!value) refuse(parameter.origin, "parameter '" + parameter.key + "' has a value that no key can hold");
    if (std::ranges::find(parameter.values, *value) != parameter.values.end()) {
      refuse(parameter.origin, "parameter '" + parameter.key + "' has " + to_toml(*value) + " twice");
    }
    parameter.values.push_back(*value);
  }
}

void Reader::read_points(const toml::node& node, SweepTable& table) const {
  const toml::array* list = node.as_array();
  const bool tables =
      list != nullptr && std::ranges::all_of(*list, [](const toml::node& item) { return item.is_table(); });
  if (!tables) refuse(at(node), "sweep.points must be a list of tables: [[sweep.points]]");
  for (const toml::node& item : *list) read_point(*item.as_table(), "", table.points.emplace_back());
}

void Reader::read_point(const toml::table& table, const std::string& prefix, std::vector<Setting>& point) const {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const toml::table* inner = node.as_table()) {
      read_point(*inner, key + ".", point);
      continue;
    }
    const std::optional<Value> value = node_value(node);
    if (!value) refuse(at(node), "'" + key + "' has a value that no key can hold");
    point.push_back({key, *value, at(node)});
  }
}

const toml::table& Reader::table_of(const toml::node& node, const std::string& key, const Strings& words) const {
  const toml::table* table = node.as_table();
  if (table == nullptr) refuse(at(node), key + " must be a table of " + join(words));
  for (const auto& [word, value] : *table) {
    const std::string name(word.str());
    const bool known = std::ranges::find(words, name) != words.end();
    if (!known) refuse(at(value), unknown_name("key of " + key, name, words));
  }
  return *table;
}

void Reader::read_metric(const toml::node& node, EarlyStop& rule) const {
  static const Strings kGoals{"minimize", "maximize"};
  const toml::table& table = table_of(node, "sweep.metric", {"name", "goal"});
  const toml::node* name = table.get("name");
  const toml::node* goal = table.get("goal");
  if (name == nullptr || goal == nullptr) refuse(at(node), "sweep.metric needs name and goal");
  rule.series = text_of(*name, "sweep.metric.name");
  const std::string wanted = text_of(*goal, "sweep.metric.goal");
  if (std::ranges::find(kGoals, wanted) == kGoals.end()) {
    refuse(at(*goal), unknown_name("sweep.metric.goal", wanted, kGoals));
  }
  rule.maximise = wanted == "maximize";
}

void Reader::read_early_stop(const toml::node& node, EarlyStop& rule) const {
  const std::string key = "sweep.early_terminate";
  const toml::table& table = table_of(node, key, {"type", "min_iter", "eta"});
  const toml::node* type = table.get("type");
  if (type == nullptr || text_of(*type, key + ".type") != "asha") refuse(at(node), key + ".type must be \"asha\"");
  const toml::node* first = table.get("min_iter");
  if (first == nullptr) refuse(at(node), key + " needs min_iter, the steps of its first rung");
  rule.min_steps = count_of(*first, key + ".min_iter", 1);
  if (const toml::node* eta = table.get("eta")) rule.eta = count_of(*eta, key + ".eta", 2);
}

void Reader::check(const SweepTable& table) const {
  const bool by_points = table.method == "explicit";
  if (by_points == table.points.empty()) {
    refuse(table.origin, by_points ? "method = \"explicit\" needs [[sweep.points]]"
                                   : "[[sweep.points]] needs method = \"explicit\", not \"" + table.method + "\"");
  }
  if (by_points && !table.parameters.empty()) {
    refuse(table.origin, "method = \"explicit\" has [[sweep.points]], not [sweep.parameters]");
  }
  if ((table.method == "random") != (table.run_cap > 0)) {
    refuse(table.origin, table.run_cap > 0 ? "run_cap needs method = \"random\", not \"" + table.method + "\""
                                           : "method = \"random\" needs run_cap, the number of points to draw");
  }
  for (const Parameter& parameter : table.parameters) {
    if (parameter.key == "train.seed") {
      refuse(parameter.origin, "seeds are replicates, not a parameter; write seeds = [0, 1, 2] in [sweep]");
    }
    if (parameter.key == "name")
      refuse(parameter.origin, "a run's name cannot be swept; runs are named by what differs");
    if (!parameter.distribution.empty() && table.method != "random") {
      refuse(parameter.origin, "parameter '" + parameter.key + "' has min and max, which need method = \"random\"");
    }
  }
}

}  // namespace

SweepTable read_sweep_table(const std::filesystem::path& path) {
  const std::string source = path.string();
  const toml::table document = parse_document(read_text(path), source);
  const toml::node* sweep = document.get("sweep");
  if (sweep == nullptr) return {};
  if (!sweep->is_table()) throw ConfigError(at_line(source, sweep->source()) + ": 'sweep' must be a table: [sweep]");
  return Reader(source).read(*sweep->as_table());
}

}  // namespace sac
