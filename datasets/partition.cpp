#include "datasets/partition.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/random.h"

namespace sac {
namespace {

using Indices = std::vector<std::int64_t>;
using Shards = std::vector<Indices>;

/// Streams of Purpose::kPartition: label l's samples take kFirstLabel + l.
enum Stream : std::uint32_t { kDeal = 0, kFirstLabel = 1 };

/// Fisher-Yates.
void shuffle(Indices& values, RandomStream& stream) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[stream.below(i)]);
}

Indices counted(std::int64_t size) {
  Indices values(static_cast<std::size_t>(size));
  std::iota(values.begin(), values.end(), std::int64_t{0});
  return values;
}

/// Appends run `i` of `count` even runs of `values`.
void append_run(const Indices& values, std::int64_t i, std::int64_t count, Indices& to) {
  const auto size = static_cast<std::int64_t>(values.size());
  to.insert(to.end(), values.begin() + size * i / count, values.begin() + size * (i + 1) / count);
}

/// Samples by label, in their own order.
Shards by_label(std::span<const std::int64_t> targets) {
  const std::int64_t last = *std::max_element(targets.begin(), targets.end());
  Shards labels(static_cast<std::size_t>(last + 1));
  for (std::size_t i = 0; i < targets.size(); ++i) {
    labels[static_cast<std::size_t>(targets[i])].push_back(static_cast<std::int64_t>(i));
  }
  return labels;
}

Shards iid(std::int64_t samples, std::int64_t workers, std::uint64_t seed) {
  Indices order = counted(samples);
  RandomStream stream(seed, kDeal, Purpose::kPartition);
  shuffle(order, stream);
  Shards shards(static_cast<std::size_t>(workers));
  for (std::int64_t k = 0; k < workers; ++k) append_run(order, k, workers, shards[static_cast<std::size_t>(k)]);
  return shards;
}

Shards label(std::span<const std::int64_t> targets, std::int64_t workers, std::int64_t each, std::uint64_t seed) {
  Indices sorted;
  for (const Indices& samples : by_label(targets)) sorted.insert(sorted.end(), samples.begin(), samples.end());
  Indices deal = counted(workers * each);
  RandomStream stream(seed, kDeal, Purpose::kPartition);
  shuffle(deal, stream);
  Shards shards(static_cast<std::size_t>(workers));
  for (std::size_t i = 0; i < deal.size(); ++i) {
    append_run(sorted, deal[i], workers * each, shards[i / static_cast<std::size_t>(each)]);
  }
  return shards;
}

/// One draw from Dirichlet(alpha, ..., alpha). In logarithms, so that a tiny alpha does not underflow to 0 / 0.
std::vector<double> dirichlet_draw(std::int64_t size, double alpha, RandomStream& stream) {
  std::vector<double> weights(static_cast<std::size_t>(size));
  for (double& weight : weights) {
    weight = alpha < 1.0 ? std::log(stream.gamma(alpha + 1.0)) + std::log1p(-stream.uniform()) / alpha
                         : std::log(stream.gamma(alpha));
  }
  const double largest = *std::max_element(weights.begin(), weights.end());
  double sum = 0.0;
  for (double& weight : weights) {
    weight = std::exp(weight - largest);
    sum += weight;
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

Shards dirichlet(std::span<const std::int64_t> targets, std::int64_t workers, double alpha, std::uint64_t seed) {
  Shards shards(static_cast<std::size_t>(workers));
  Shards labels = by_label(targets);
  for (std::size_t l = 0; l < labels.size(); ++l) {
    RandomStream stream(seed, static_cast<std::uint32_t>(kFirstLabel + l), Purpose::kPartition);
    shuffle(labels[l], stream);
    const auto size = static_cast<double>(labels[l].size());
    double share = 0.0;
    auto from = labels[l].begin();
    const auto weights = dirichlet_draw(workers, alpha, stream);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      share += weights[k];
      const bool last = k + 1 == weights.size();
      const auto to = last ? labels[l].end() : labels[l].begin() + std::llround(std::min(share, 1.0) * size);
      shards[k].insert(shards[k].end(), from, to);
      from = to;
    }
  }
  return shards;
}

Shards share_out(const PartitionConfig& config, std::span<const std::int64_t> targets, std::int64_t workers,
                 std::uint64_t seed) {
  if (config.kind == "iid") return iid(static_cast<std::int64_t>(targets.size()), workers, seed);
  if (config.kind == "label") return label(targets, workers, config.labels_per_worker, seed);
  if (config.kind == "dirichlet") return dirichlet(targets, workers, config.alpha, seed);
  throw ConfigError(unknown_name("partition", config.kind, Strings{"iid", "label", "dirichlet"}));
}

}  // namespace

PartitionConfig partition_config(const Options& options) {
  return {.kind = options.text("partition"),
          .alpha = options.number("alpha"),
          .labels_per_worker = options.integer("labels_per_worker")};
}

std::vector<std::vector<std::int64_t>> partition(const PartitionConfig& config, std::span<const std::int64_t> targets,
                                                 std::int64_t workers, std::uint64_t seed) {
  if (workers < 1) throw ConfigError("workers = " + std::to_string(workers) + " is out of range; it must be >= 1");
  if (targets.empty()) throw ConfigError("there are no samples to share out over workers");
  Shards shards = share_out(config, targets, workers, seed);
  const auto empty = std::find_if(shards.begin(), shards.end(), [](const Indices& shard) { return shard.empty(); });
  if (empty != shards.end()) {
    const std::string alpha = config.kind == "dirichlet" ? " with data.alpha = " + shortest(config.alpha) : "";
    throw ConfigError("data.partition = \"" + config.kind + "\"" + alpha + " leaves worker " +
                      std::to_string(empty - shards.begin()) + " of " + std::to_string(workers) +
                      " without a sample (" + std::to_string(targets.size()) + " samples in all); use fewer workers" +
                      (alpha.empty() ? "" : " or a larger data.alpha"));
  }
  return shards;
}

}  // namespace sac
