#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "engine/fabric/virtual/network_model.h"
#include "engine/fabric/virtual/transport.h"

namespace sac {

/// Point-to-point messages: matched by (group, source, tag), first sent first received among equals.
class Mailbox {
 public:
  Mailbox(const NetworkModel& network, Transport& transport, Scheduler& scheduler)
      : network_(&network), transport_(&transport), scheduler_(&scheduler) {}

  void send(int rank, std::int64_t ticket, const SendRequest& request);
  void receive(int rank, std::int64_t ticket, const ReceiveRequest& request);
  /// The letter `id` has arrived at its destination.
  void deliver(std::int64_t id);
  /// A rank sends nothing from now on, until it is back: what waits for its letters alone ends, with kNobody for a
  /// value.
  void leave(int rank);
  void come_back(int rank) { gone_[rank] = false; }
  void io(Archive& archive) { archive.io(letters_, waiting_, gone_, next_id_); }

  static constexpr std::int64_t kNobody = -1;

 private:
  struct Letter {
    std::int64_t group = 0;
    int source = 0, destination = 0, tag = 0;
    std::int64_t ticket = 0;  ///< the sender's
    bool arrived = false;
    at::Tensor content{};
    void io(Archive& archive) { archive.io(group, source, destination, tag, ticket, arrived, content); }
  };
  struct Receiver {
    std::int64_t group = 0;
    int rank = 0, source = 0, tag = 0;
    std::int64_t ticket = 0;
    std::int64_t elements = 0;
    void io(Archive& archive) { archive.io(group, rank, source, tag, ticket, elements); }
    [[nodiscard]] bool wants(const Letter& letter) const {
      return letter.destination == rank && letter.group == group && letter.tag == tag &&
             (source == Communicator::kAnySource || source == letter.source);
    }
  };
  void hand_over(const Receiver& receiver, const Letter& letter);
  [[nodiscard]] bool in_vain(const Receiver& receiver) const;
  void give_up(const Receiver& receiver);

  const NetworkModel* network_;
  Transport* transport_;
  Scheduler* scheduler_;
  std::map<std::int64_t, Letter> letters_;  ///< in order of sending
  std::vector<Receiver> waiting_;           ///< in order of posting
  std::map<int, bool> gone_;                ///< rank -> sends nothing
  std::int64_t next_id_ = 0;
};

}  // namespace sac
