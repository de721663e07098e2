#pragma once
#include "engine/core/units.h"

namespace sac {

/// A worker's clock: its virtual time, or the steady clock since the run began.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Seconds now() const = 0;
};

}  // namespace sac
