#include "engine/train/strategy.h"

namespace sac {

std::unique_ptr<ServerRule> Strategy::serve(const at::Tensor& parameters, const OptimizerFactory& optimizer) {
  (void)parameters;
  (void)optimizer;
  throw std::logic_error("the strategy asks for a server but does not say how it updates");
}

}  // namespace sac
