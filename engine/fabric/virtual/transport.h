#pragma once
#include <cstdint>
#include <map>

#include "engine/fabric/virtual/flow_network.h"
#include "engine/fabric/virtual/network_model.h"
#include "engine/fabric/virtual/scheduler.h"

namespace sac {

/// Whom a message is for, once it has arrived.
enum class Addressee : std::uint8_t { kMailbox, kServer, kWorker };

/// Carries messages between hosts: bytes share the links fairly, then the latency passes, then they are delivered.
class Transport {
 public:
  Transport(const NetworkModel& network, int hosts, Scheduler& scheduler)
      : network_(&network), flows_(network.config(), hosts), scheduler_(&scheduler) {}

  struct Message {
    int source = 0;       ///< host
    int destination = 0;  ///< host
    int rank = 0;         ///< the worker on whose behalf it travels; breaks ties
    Addressee addressee = Addressee::kMailbox;
    std::int64_t subject = 0;  ///< the addressee's own number
    std::int64_t bytes = 0;
    void io(Archive& archive) { archive.io(source, destination, rank, addressee, subject, bytes); }
  };

  void send(const Message& message);
  /// Some flow may have ended: what has is on its last stretch.
  void flows_changed();
  /// The message `id` is there.
  Message take(std::int64_t id) { return messages_.extract(id).mapped(); }
  void io(Archive& archive) { archive.io(flows_, messages_, next_id_, flow_event_s_); }

 private:
  [[nodiscard]] double latency(const Message& message) const;
  void watch();

  const NetworkModel* network_;
  FlowNetwork flows_;
  Scheduler* scheduler_;
  std::map<std::int64_t, Message> messages_;
  std::int64_t next_id_ = 0;
  double flow_event_s_ = -1.0;  ///< when the next completion is already scheduled
};

}  // namespace sac
