#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "results/store.h"

namespace sac {

/// One series of a run in a few numbers. Values that are not finite are left out.
struct SeriesSummary {
  std::string series;
  std::size_t points = 0;
  double mean = 0.0;  ///< over points
  double least = 0.0;
  double most = 0.0;
  double last = 0.0;
};

/// Every series of the run that has a finite value, by name.
std::vector<SeriesSummary> series_summaries(const Store& store, std::int64_t run);

}  // namespace sac
