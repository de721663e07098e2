#include "experiments/sweep.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

#include "datasets/load.h"
#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/core/sha256.h"
#include "engine/train/config.h"
#include "experiments/device.h"
#include "experiments/run_context.h"
#include "experiments/run_key.h"

namespace sac {
namespace {

constexpr std::size_t kLongestName = 80;
constexpr const char* kStrategy = "strategy.name";

using Point = std::vector<Setting>;

[[noreturn]] void refuse_size() {
  throw ConfigError("the sweep has more than " + std::to_string(kMostSweepRuns) + " runs");
}

Setting setting_of(const Parameter& parameter, const Value& value) { return {parameter.key, value, parameter.origin}; }

/// The last parameter changes fastest, strategies faster still.
std::vector<Point> grid(std::vector<Parameter> parameters) {
  std::ranges::stable_partition(parameters, [](const Parameter& parameter) { return parameter.key != kStrategy; });
  std::vector<Point> points{{}};
  for (const Parameter& parameter : parameters) {
    std::vector<Point> longer;
    if (points.size() * parameter.values.size() > static_cast<std::size_t>(kMostSweepRuns)) refuse_size();
    for (const Point& point : points) {
      for (const Value& value : parameter.values) {
        longer.push_back(point);
        longer.back().push_back(setting_of(parameter, value));
      }
    }
    points = std::move(longer);
  }
  return points;
}

std::vector<Point> zipped(const std::vector<Parameter>& parameters) {
  std::vector<Point> points;
  for (const Parameter& parameter : parameters) {
    const std::size_t length = parameters.front().values.size();
    if (parameter.values.size() != length) {
      throw ConfigError(parameter.origin + ": method = \"zipped\" needs lists of one length; '" +
                        parameters.front().key + "' has " + std::to_string(length) + " values, '" + parameter.key +
                        "' " + std::to_string(parameter.values.size()));
    }
    points.resize(length);
    for (std::size_t place = 0; place < length; ++place) {
      points[place].push_back(setting_of(parameter, parameter.values[place]));
    }
  }
  if (points.empty()) points.emplace_back();
  return points;
}

Value draw(const Parameter& parameter, RandomStream& random) {
  if (parameter.distribution.empty()) return parameter.values[random.below(parameter.values.size())];
  if (parameter.distribution == "int_uniform") {
    const auto low = static_cast<std::int64_t>(parameter.min);
    const auto high = static_cast<std::int64_t>(parameter.max);
    return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low) + 1));
  }
  const double share = random.uniform();
  if (parameter.distribution == "uniform") return parameter.min + share * (parameter.max - parameter.min);
  return parameter.min * std::pow(parameter.max / parameter.min, share);
}

/// Each parameter has a stream of its own, so that one more leaves the draws of the others as they were.
std::vector<Point> drawn(const SweepTable& table) {
  std::vector<Point> points(static_cast<std::size_t>(table.run_cap));
  for (const Parameter& parameter : table.parameters) {
    const std::string digest = sha256_hex(parameter.key);
    const auto stream = static_cast<std::uint32_t>(std::stoul(digest.substr(0, 8), nullptr, 16));
    RandomStream random(table.random_seed, stream, Purpose::kSynthetic);
    for (Point& point : points) point.push_back(setting_of(parameter, draw(parameter, random)));
  }
  return points;
}

std::vector<Point> points_of(const SweepTable& table) {
  if (table.method == "explicit") return table.points;
  if (table.method == "random") return drawn(table);
  return table.method == "zipped" ? zipped(table.parameters) : grid(table.parameters);
}

Strings axes_of(const SweepTable& table) {
  Strings axes;
  const auto add = [&axes](const std::string& key) {
    if (std::ranges::find(axes, key) == axes.end()) axes.push_back(key);
  };
  for (const Parameter& parameter : table.parameters) add(parameter.key);
  for (const Point& point : table.points) {
    for (const Setting& setting : point) add(setting.key);
  }
  return axes;
}

SweepRun run_of(const std::vector<Layer>& layers, Point point, const Setting* seed) {
  SweepRun run;
  for (const Setting& setting : point) run.varied.emplace_back(setting.key, to_toml(setting.value));
  if (seed != nullptr) point.push_back(*seed);
  std::vector<Layer> all = layers;
  all.push_back({.settings = std::move(point)});
  run.spec = resolve(all);
  run.spec.name.clear();
  return run;
}

/// "local_sgd-w4-period=8-s0"
std::string name_of(const SweepRun& run) {
  std::string name = run.spec.choice("strategy") + "-w" + std::to_string(run.spec.workers());
  for (const auto& [key, value] : run.varied) {
    if (key == kStrategy || key == "cluster.workers") continue;
    name += "-" + key.substr(key.rfind('.') + 1) + "=" + value;
  }
  std::erase_if(name, [](unsigned char c) {
    return std::isalnum(c) == 0 && std::string("._+=,@-").find(static_cast<char>(c)) == std::string::npos;
  });
  name.resize(std::min(name.size(), kLongestName));
  return name + "-s" + std::to_string(run.spec.seed());
}

/// What of a data set a run's key and length need.
struct DataFacts {
  std::string hash;
  std::int64_t train_size = 0;
};

DataFacts facts_of(const RunSpec& spec, const std::filesystem::path& data_dir) {
  const Dataset data = load_dataset(spec.choice("data"), spec.table("data"), {.data_dir = data_dir});
  return {data.hash, data.train.size()};
}

RunContext context_of(const SweepRun& run, const DataFacts& facts, const std::string& weights) {
  const TrainConfig train = train_config(run.spec.table("train"), facts.train_size, run.spec.replicas());
  const std::string& fabric = run.spec.table("cluster").text("fabric");
  const ComputeChoice compute = compute_choice(run.spec.table("train"), fabric, 0);
  const RunSpec spec = with_device(with_steps(run.spec, train.steps), compute.device_key());
  RunContext context = run_context(spec, train, run_key(spec, facts.hash, weights));
  context.name = name_of(run);
  return context;
}

}  // namespace

SweepTable with_overrides(SweepTable table, const SweepOverrides& overrides) {
  if (!overrides.name.empty()) table.name = overrides.name;
  if (!overrides.seeds.empty()) table.seeds = overrides.seeds;
  std::erase_if(table.parameters, [&](const Parameter& parameter) {
    const bool replaced =
        std::ranges::find(overrides.parameters, parameter.key, &Parameter::key) != overrides.parameters.end();
    return replaced || std::ranges::find(overrides.fixed, parameter.key) != overrides.fixed.end();
  });
  for (const Parameter& parameter : overrides.parameters) {
    if (table.method == "explicit") {
      throw ConfigError(parameter.origin + ": a list for '" + parameter.key +
                        "' does not go with [[sweep.points]] of " + table.origin);
    }
    if (parameter.key == "train.seed") table.seeds.clear();
    if (parameter.key != "train.seed") table.parameters.push_back(parameter);
    for (const Value& value : parameter.values) {
      if (parameter.key == "train.seed") table.seeds.push_back(setting_of(parameter, value));
    }
  }
  if (std::ranges::find(overrides.fixed, "train.seed") != overrides.fixed.end()) table.seeds.clear();
  return table;
}

SweepPlan plan_sweep(const std::vector<Layer>& layers, const SweepTable& table) {
  SweepPlan plan{.name = table.name, .method = table.method, .axes = axes_of(table), .runs = {}};
  const std::vector<Point> points = points_of(table);
  const std::size_t replicates = std::max<std::size_t>(table.seeds.size(), 1);
  if (points.size() * replicates > static_cast<std::size_t>(kMostSweepRuns)) refuse_size();
  std::set<std::string> seen;
  for (std::size_t replicate = 0; replicate < replicates; ++replicate) {
    const Setting* seed = table.seeds.empty() ? nullptr : &table.seeds[replicate];
    for (const Point& point : points) {
      SweepRun run = run_of(layers, point, seed);
      if (seen.insert(canonical_toml(run.spec)).second) plan.runs.push_back(std::move(run));
    }
  }
  return plan;
}

std::vector<RunContext> contexts_of(const SweepPlan& plan, const std::filesystem::path& data_dir) {
  std::map<ValueMap, DataFacts> known;
  std::map<std::string, std::string> hashes;  ///< by the weights' file
  std::vector<RunContext> contexts;
  for (const SweepRun& run : plan.runs) {
    const ValueMap& data = run.spec.table("data").values();
    const auto [place, is_new] = known.try_emplace(data);
    if (is_new) place->second = facts_of(run.spec, data_dir);
    const auto [hash, is_new_file] = hashes.try_emplace(run.spec.table("model").text("weights"));
    if (is_new_file) hash->second = weights_hash(run.spec);
    contexts.push_back(context_of(run, place->second, hash->second));
  }
  return contexts;
}

}  // namespace sac
