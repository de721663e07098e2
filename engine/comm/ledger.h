#pragma once
#include <cstdint>

#include "engine/core/units.h"

namespace sac {

/// One worker's account: every second and every byte has an owner. Written by the fabric alone.
struct Ledger {
  Seconds compute;
  Seconds communication;         ///< exposed: blocked while data moves
  Seconds hidden_communication;  ///< data moves while the worker does something else
  Seconds waiting;               ///< blocked until others arrive, or queued behind them
  Seconds idle;                  ///< the same with nothing to do meanwhile: the strategy leaves the worker out
  Bytes payload;                 ///< asked to send
  Bytes wire;                    ///< sent by the algorithms
  std::int64_t messages = 0;
  bool resting = false;  ///< what would be waiting is idle

  void wait_for(Seconds seconds) { (resting ? idle : waiting) += seconds; }
};

}  // namespace sac
