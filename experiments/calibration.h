#pragma once
#include <string>

#include "engine/core/value.h"
#include "engine/fabric/calibration/fit.h"
#include "engine/fabric/calibration/measure.h"
#include "experiments/runner.h"

namespace sac {

/// A cluster as it was measured, and what makes a profile of it.
struct Calibration {
  Measurement measurement;
  NetworkFit fit;
  ValueMap cluster;     ///< keys of a spec: cluster.workers, cluster.network.*, cluster.compute.*
  ValueMap provenance;  ///< [profile]: hosts, fabric, date, versions, errors of the fit

  /// False on the ranks of a launched group that only took part: they know nothing to write.
  [[nodiscard]] bool complete() const { return measurement.ranks > 0; }
  /// The profile's file.
  [[nodiscard]] std::string toml() const;
};

/// Measures the fabric that `spec` names, with its workers, and the compute time of its model and batch.
/// @param seconds  about how long.
/// @throws ConfigError  fewer than two workers; as prepare_run.  @throws CommunicationError, RunError.
Calibration calibrate(const RunSpec& spec, const RunSettings& settings, double seconds);

}  // namespace sac
