#include "engine/fabric/calibration/calibrator.h"

namespace sac {

void Calibrator::step(Worker& worker) {
  plan_.options = at::TensorOptions(worker.parameters().device());
  plan_.bytes.push_back(static_cast<std::int64_t>(worker.parameters().nbytes()));
  plan_.work = [&worker] {
    worker.compute_gradients();
    worker.update();
  };
  Measurement measured = measure(worker.comm(), worker.clock(), plan_);
  if (worker.rank() == 0) *result_ = std::move(measured);
}

}  // namespace sac
