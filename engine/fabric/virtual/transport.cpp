#include "engine/fabric/virtual/transport.h"

#include <cmath>

namespace sac {

void Transport::send(const Message& message) {
  const std::int64_t id = next_id_++;
  messages_[id] = message;
  flows_.start(id, message.source, message.destination, message.bytes, scheduler_->now());
  watch();
}

void Transport::flows_changed() {
  flow_event_s_ = -1.0;
  for (const std::int64_t id : flows_.advance(scheduler_->now())) {
    const Message& message = messages_.at(id);
    const double arrival = scheduler_->now() + latency(message);
    scheduler_->schedule(arrival, message.rank, Event::Kind::kDelivered, id);
  }
  watch();
}

double Transport::latency(const Message& message) const {
  return message.source == message.destination ? flows_.latency(message.source, message.destination)
                                               : network_->message_latency(message.bytes);
}

/// A completion that moved to later leaves its old event behind: that one finds nothing ended and is harmless.
void Transport::watch() {
  const double next = flows_.next_completion();
  if (!std::isfinite(next) || next == flow_event_s_) return;
  flow_event_s_ = next;
  scheduler_->schedule(next, 0, Event::Kind::kFlow, 0);
}

}  // namespace sac
