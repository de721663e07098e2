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
  Bytes payload;                 ///< asked to send
  Bytes wire;                    ///< sent by the algorithms
  std::int64_t messages = 0;
};

}  // namespace sac
