#pragma once
#include <algorithm>
#include <cstdint>

#include "engine/comm/ledger.h"

namespace sac {

/// The life of one exchange, in one clock: this rank was blocked in it over [from, until]; data could move over
/// [ready, done]. Before `ready` somebody was missing.
struct Exchange {
  double ready = 0.0;
  double done = 0.0;
  double from = 0.0;
  double until = 0.0;
};

/// Books the seconds of an exchange as waiting, exposed and hidden communication.
inline void book(Ledger& ledger, const Exchange& exchange) {
  const double begin = std::clamp(exchange.ready, exchange.from, exchange.until);
  const double watched = std::min(exchange.until, exchange.done) - std::max(exchange.from, exchange.ready);
  ledger.wait_for(Seconds(begin - exchange.from));
  ledger.communication += Seconds(exchange.until - begin);
  ledger.hidden_communication += Seconds(std::max(0.0, exchange.done - exchange.ready - std::max(0.0, watched)));
}

/// What one rank sends in one exchange.
struct Traffic {
  std::int64_t payload_bytes = 0;
  std::int64_t wire_bytes = 0;
  std::int64_t messages = 0;
};

inline void book(Ledger& ledger, const Traffic& traffic) {
  ledger.payload += Bytes(traffic.payload_bytes);
  ledger.wire += Bytes(traffic.wire_bytes);
  ledger.messages += traffic.messages;
}

}  // namespace sac
