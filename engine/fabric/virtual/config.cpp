#include "engine/fabric/virtual/config.h"

#include <map>

#include "engine/core/error.h"

namespace sac {
namespace {

struct Link {
  double latency_s;
  double bandwidth_Bps;
};

/// One direction of one link, as an application sees it.
const std::map<std::string, Link>& presets() {
  static const std::map<std::string, Link> kPresets{
      {"nvlink", {3e-6, 300e9}}, {"pcie", {5e-6, 25e9}},  {"100gbe", {5e-6, 12.5e9}}, {"25gbe", {1e-5, 3.125e9}},
      {"10gbe", {3e-5, 1.25e9}}, {"1gbe", {5e-5, 125e6}}, {"wan", {2e-2, 12.5e6}},
  };
  return kPresets;
}

Strings preset_names() {
  Strings names;
  for (const auto& [name, link] : presets()) names.push_back(name);
  return names;
}

/// An option whose fallback -1 stands for the preset's value.
double or_preset(const Options& options, const std::string& key, double preset) {
  const double given = options.number(key);
  if (given == -1.0) return preset;
  if (given < 0.0 || (given == 0.0 && key.find("bandwidth") != std::string::npos)) {
    throw ConfigError("cluster.network." + key + " = " + shortest(given) +
                      " is out of range; it must be positive, or -1 for the preset's");
  }
  return given;
}

MeasuredCosts measured_costs(const Options& options, std::int64_t workers) {
  const auto table = [&](const std::string& key) {
    return MeasuredCost(options.numbers(key), "cluster.network." + key);
  };
  const std::int64_t measured = options.integer("measured_workers");
  return {.all_reduce = table("all_reduce"),
          .broadcast = table("broadcast"),
          .all_gather = table("all_gather"),
          .reduce_scatter = table("reduce_scatter"),
          .send = table("send"),
          .workers = measured > 0 ? measured : workers};
}

NetworkConfig network_config(const Options& options, std::int64_t workers) {
  const Link link = presets().at(options.text("preset"));
  const Link local = presets().at(options.text("local_preset"));
  NetworkConfig network;
  network.latency_s = or_preset(options, "latency_s", link.latency_s);
  network.bandwidth_Bps = or_preset(options, "bandwidth_Bps", link.bandwidth_Bps);
  network.local_latency_s = or_preset(options, "local_latency_s", local.latency_s);
  network.local_bandwidth_Bps = or_preset(options, "local_bandwidth_Bps", local.bandwidth_Bps);
  network.algorithm = options.text("algorithm");
  network.workers_per_host = options.integer("workers_per_host");
  if (workers % network.workers_per_host != 0) {
    throw ConfigError("cluster.network.workers_per_host = " + std::to_string(network.workers_per_host) +
                      " does not divide cluster.workers = " + std::to_string(workers));
  }
  network.measured = measured_costs(options, workers);
  return network;
}

ComputeConfig compute_config(const Options& options, std::int64_t workers) {
  ComputeConfig compute{.model = options.text("model"),
                        .seconds_per_step = options.number("seconds_per_step"),
                        .flops_per_s = options.number("flops_per_s"),
                        .sigma = options.number("sigma"),
                        .shift_s = options.number("shift_s"),
                        .shape = options.number("shape"),
                        .speeds = options.numbers("speeds")};
  if (!compute.speeds.empty() && static_cast<std::int64_t>(compute.speeds.size()) != workers) {
    throw ConfigError("cluster.compute.speeds has " + std::to_string(compute.speeds.size()) +
                      " entries; it needs one for each of " + std::to_string(workers) + " workers, or none");
  }
  if (compute.seconds_per_step > 0.0 && compute.shift_s > compute.seconds_per_step) {
    throw ConfigError("cluster.compute.shift_s = " + shortest(compute.shift_s) +
                      " is above the mean seconds_per_step = " + shortest(compute.seconds_per_step));
  }
  return compute;
}

OptionSpec table_option(const char* name) {
  return {.name = name,
          .fallback = Doubles{},
          .doc = "measured: bytes, seconds back to back, seconds after a rest, bytes, ...; empty = by the algorithm",
          .min = 0};
}

}  // namespace

const std::vector<OptionSpec>& cluster_options() {
  static const std::vector<OptionSpec> kOptions{
      {.name = "workers",
       .fallback = kDefaultWorkers,
       .doc = "logical workers, K; with a pipeline P K",
       .min = 1,
       .max = 65536},
      {.name = "pipeline",
       .fallback = std::int64_t{1},
       .doc = "workers that hold a replica together, a stage of its layers each, P; divides workers",
       .min = 1,
       .max = 65536},
      {.name = "micro_batches",
       .fallback = std::int64_t{0},
       .doc = "parts in which a mini-batch goes through the pipeline, m <= train.batch_size (or batch_start); 0 = "
              "pipeline",
       .min = 0,
       .max = 1 << 24},
      {.name = "pipeline_schedule",
       .fallback = std::string("1f1b"),
       .doc = "of a stage: forward and back in turn, or all forward first",
       .choices = {"1f1b", "gpipe"}},
      {.name = "fabric",
       .fallback = std::string("virtual"),
       .doc = "what carries the run",
       .choices = {"virtual", "gloo", "nccl"}},
      {.name = "timeout_s",
       .fallback = 60.0,
       .doc = "real ranks: longest wait for a rank to join or to answer",
       .min = 0,
       .max = 1e6,
       .min_open = true},
      {.name = "faults",
       .fallback = Strings{},
       .doc = "virtual: \"worker 2 dies at 1.5\", \"... rejoins at 3\", \"... pauses at 1 for 2\", \"... slows by 4 at "
              "1 for 2\""},
      {.name = "on_failure",
       .fallback = std::string("stall"),
       .doc = "virtual: what all-reduces do about a worker that dies",
       .choices = {"stall", "continue"}},
  };
  return kOptions;
}

const std::vector<OptionSpec>& network_options() {
  static const std::vector<OptionSpec> kOptions{
      {.name = "preset", .fallback = std::string("10gbe"), .doc = "links between hosts", .choices = preset_names()},
      {.name = "latency_s", .fallback = -1.0, .doc = "seconds a message; -1 = the preset's", .min = -1},
      {.name = "bandwidth_Bps", .fallback = -1.0, .doc = "bytes a second and direction; -1 = the preset's", .min = -1},
      {.name = "algorithm",
       .fallback = std::string("auto"),
       .doc = "of collectives; auto takes the cheapest",
       .choices = {"auto", "ring", "tree", "halving_doubling", "hierarchical", "server"}},
      {.name = "workers_per_host", .fallback = std::int64_t{1}, .doc = "workers that share a host's link", .min = 1},
      {.name = "local_preset",
       .fallback = std::string("pcie"),
       .doc = "links inside a host",
       .choices = preset_names()},
      {.name = "local_latency_s", .fallback = -1.0, .doc = "seconds a message; -1 = the preset's", .min = -1},
      {.name = "local_bandwidth_Bps", .fallback = -1.0, .doc = "bytes a second; -1 = the preset's", .min = -1},
      table_option("all_reduce"),
      table_option("broadcast"),
      table_option("all_gather"),
      table_option("reduce_scatter"),
      table_option("send"),
      {.name = "measured_workers",
       .fallback = std::int64_t{0},
       .doc = "ranks the tables were measured with; 0 = cluster.workers",
       .min = 0,
       .max = 65536},
  };
  return kOptions;
}

const std::vector<OptionSpec>& compute_options() {
  static const std::vector<OptionSpec> kOptions{
      {.name = "model",
       .fallback = std::string("constant"),
       .doc = "distribution of a step's time",
       .choices = {"constant", "lognormal", "shifted_exponential", "pareto"}},
      {.name = "seconds_per_step",
       .fallback = 0.0,
       .doc = "mean seconds of one mini-batch's gradient; 0 = its FLOPs / flops_per_s",
       .min = 0,
       .max = 1e9},
      {.name = "flops_per_s", .fallback = 1e12, .doc = "effective speed of a worker", .min = 1.0},
      {.name = "sigma", .fallback = 0.3, .doc = "lognormal: deviation of the logarithm", .min = 0, .max = 10},
      {.name = "shift_s", .fallback = 0.0, .doc = "shifted exponential: least seconds, <= the mean", .min = 0},
      {.name = "shape", .fallback = 2.5, .doc = "pareto: tail index", .min = 1, .min_open = true},
      {.name = "stages",
       .fallback = std::string("flops"),
       .doc = "of a pipeline's step: each stage takes its share of the FLOPs, or all take equal ones",
       .choices = {"flops", "equal"}},
      {.name = "speeds",
       .fallback = Doubles{},
       .doc = "a worker, 1 = nominal; empty = all 1",
       .min = 0,
       .min_open = true},
  };
  return kOptions;
}

const std::vector<OptionSpec>& server_options() {
  static const std::vector<OptionSpec> kOptions{
      {.name = "shards",
       .fallback = std::int64_t{1},
       .doc = "server hosts that share the parameters",
       .min = 1,
       .max = 1024},
      {.name = "service_s", .fallback = 0.0, .doc = "seconds a shard takes for an update", .min = 0, .max = 1e9},
      {.name = "updates",
       .fallback = std::string("locked"),
       .doc = "of a shard: one after the other, or at once, element by element (Hogwild)",
       .choices = {"locked", "lock_free"}},
  };
  return kOptions;
}

ClusterConfig cluster_config(const Options& cluster, const Options& network, const Options& compute,
                             const Options& server) {
  const std::int64_t workers = cluster.integer("workers");
  std::vector<Fault> faults = parse_faults(std::get<Strings>(cluster.values().at("faults")), workers);
  if (!faults.empty() && cluster.text("fabric") != "virtual") {
    throw ConfigError("cluster.faults are simulated, but cluster.fabric = \"" + cluster.text("fabric") +
                      "\" has real ranks: leave them out or use fabric = \"virtual\"");
  }
  return {.workers = workers,
          .network = network_config(network, workers),
          .compute = compute_config(compute, workers),
          .server = {.shards = server.integer("shards"),
                     .service_s = server.number("service_s"),
                     .locks = server.text("updates") == "locked"},
          .faults = std::move(faults),
          .goes_on = cluster.text("on_failure") == "continue"};
}

}  // namespace sac
