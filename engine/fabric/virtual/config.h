#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/options.h"
#include "engine/fabric/virtual/faults.h"
#include "engine/fabric/virtual/measured_cost.h"

namespace sac {

class Timeline;

/// [cluster.network]: one level of links between hosts and, where several workers share a host, one inside it.
struct NetworkConfig {
  double latency_s = 0.0;
  double bandwidth_Bps = 0.0;
  std::string algorithm = "auto";  ///< ring | tree | halving_doubling | hierarchical | auto (the cheapest)
  std::int64_t workers_per_host = 1;
  double local_latency_s = 0.0;
  double local_bandwidth_Bps = 0.0;
  MeasuredCosts measured{};  ///< by `sactool calibrate`; wins over the closed forms
};

/// [cluster.compute]: how long one gradient of a full mini-batch takes a worker.
struct ComputeConfig {
  std::string model = "constant";  ///< constant | lognormal | shifted_exponential | pareto
  double seconds_per_step = 0.0;   ///< mean; 0 = FLOPs of the batch / flops_per_s
  double flops_per_s = 1e12;
  double sigma = 0.3;            ///< lognormal: standard deviation of the logarithm
  double shift_s = 0.0;          ///< shifted exponential: the least time, <= the mean
  double shape = 2.5;            ///< pareto: tail index, > 1
  std::vector<double> speeds{};  ///< a worker; 1 = nominal, 0.5 = half as fast; empty = all 1
};

/// [cluster.server]: the parameter server.
struct ServerConfig {
  std::int64_t shards = 1;  ///< hosts that share the parameters evenly
  double service_s = 0.0;   ///< a shard and update
  bool locks = true;        ///< updates of a shard one after the other; false = all at once (Hogwild)
};

constexpr std::int64_t kDefaultWorkers = 4;

/// [cluster] and its sub-tables.
struct ClusterConfig {
  std::int64_t workers = kDefaultWorkers;
  NetworkConfig network;
  ComputeConfig compute;
  ServerConfig server;
  std::vector<Fault> faults{};   ///< by time
  bool goes_on = false;          ///< all-reduces go on without workers that die
  bool carries_values = true;    ///< false: collectives take their time but leave the tensors as they are
  Timeline* timeline = nullptr;  ///< takes down what the workers do; nullptr = nobody does
};

const std::vector<OptionSpec>& cluster_options();  ///< workers, pipeline, ..., faults, on_failure
const std::vector<OptionSpec>& network_options();
const std::vector<OptionSpec>& compute_options();
const std::vector<OptionSpec>& server_options();

/// @throws ConfigError  speeds of another length than workers, a shift above the mean, workers that do not fill their
/// hosts, faults that cannot be or that real ranks would have to suffer
ClusterConfig cluster_config(const Options& cluster, const Options& network, const Options& compute,
                             const Options& server);

}  // namespace sac
