#include "engine/train/strategy.h"

namespace sac {

std::unique_ptr<ServerRule> Strategy::serve(const ServerSetup& setup) {
  (void)setup;
  throw std::logic_error("the strategy asks for a server but does not say how it updates");
}

}  // namespace sac
