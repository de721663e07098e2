#include "experiments/loader.h"

#include <algorithm>

#include "datasets/augment.h"

namespace sac {
namespace {

/// Threads that keep up with any model on what is done to images in memory.
constexpr int kEnoughForMemory = 4;

int threads_unasked(const Options& data, const Dataset& dataset, const Company& company) {
  const int share = std::max(1, company.cores / company.processes);
  if (dataset.train.files) return share;
  if (!augmentation(data).any() && label_mix(data).mixup == 0.0) return 0;
  return std::clamp(share - company.computing, 0, kEnoughForMemory);
}

}  // namespace

LoaderConfig loader_config(const Options& data, const Dataset& dataset, const Company& company, std::int64_t steps) {
  LoaderConfig config{.steps = steps};
  const auto asked = static_cast<int>(data.integer("loader_threads"));
  config.threads = asked >= 0 ? asked : threads_unasked(data, dataset, company);
  const auto ahead = static_cast<int>(data.integer("prefetch"));
  const auto workers = static_cast<int>(std::min<std::int64_t>(company.workers, 1 << 20));
  config.ahead = ahead > 0 ? ahead : std::max(1, (2 * config.threads + workers - 1) / workers);
  return config;
}

}  // namespace sac
