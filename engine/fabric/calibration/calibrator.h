#pragma once
#include "engine/fabric/calibration/measure.h"
#include "engine/train/strategy.h"

namespace sac {

/// A strategy that measures instead of training: a job of one step of it calibrates whatever fabric its executor is.
class Calibrator final : public Strategy {
 public:
  /// @param plan  `work` and `options` are the worker's and need not be set; the model's size is added to `bytes`.
  /// @param result  rank 0 fills it in; must outlive the run.
  Calibrator(MeasurePlan plan, Measurement& result) : plan_(std::move(plan)), result_(&result) {}

  void step(Worker& worker) override;
  ConsensusShare consensus(Worker& worker) override {
    return worker.rank() == 0 ? ConsensusShare::replica(worker.parameters()) : ConsensusShare::none();
  }

 private:
  MeasurePlan plan_;
  Measurement* result_;
};

}  // namespace sac
