#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/options.h"

namespace sac {

/// How samples are shared out over workers.
struct PartitionConfig {
  std::string kind = "iid";            ///< "iid" | "label" | "dirichlet"
  double alpha = 0.5;                  ///< dirichlet: concentration, > 0; small = each label on few workers
  std::int64_t labels_per_worker = 2;  ///< label: shards a worker gets, >= 1
};

/// Reads partition, alpha and labels_per_worker of the [data] table.
PartitionConfig partition_config(const Options& options);

/// Sample indices by worker: a pure function of its arguments. Every sample is assigned exactly once.
/// - "iid": a keyed permutation cut into `workers` even runs.
/// - "label": sorted by label, cut into workers * labels_per_worker even shards, dealt at random
///   (McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS 2017).
/// - "dirichlet": each label's samples split by proportions drawn from Dirichlet(alpha)
///   (Hsu et al., "Measuring the Effects of Non-Identical Data Distribution", 2019, arXiv:1909.06335).
/// @param targets  labels, >= 0.  @throws ConfigError  unknown kind, workers < 1, or a worker would get no sample.
std::vector<std::vector<std::int64_t>> partition(const PartitionConfig& config, std::span<const std::int64_t> targets,
                                                 std::int64_t workers, std::uint64_t seed);

}  // namespace sac
