#include "engine/train/strategy.h"

namespace sac {

const char* on_death_text(OnDeath on_death) {
  switch (on_death) {
    case OnDeath::kStalls: break;
    case OnDeath::kCanGoOn:
      return "the others wait for it, or go on without it where cluster.on_failure = \"continue\"";
    case OnDeath::kGoesOn: return "the others go on";
  }
  return "the others wait for it";
}

std::unique_ptr<ServerRule> Strategy::serve(const ServerSetup& setup) {
  (void)setup;
  throw std::logic_error("the strategy asks for a server but does not say how it updates");
}

}  // namespace sac
