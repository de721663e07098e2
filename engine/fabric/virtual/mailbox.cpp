#include "engine/fabric/virtual/mailbox.h"

#include <algorithm>

#include "engine/core/error.h"

namespace sac {

void Mailbox::send(int rank, std::int64_t ticket, const SendRequest& request) {
  const std::int64_t bytes = request.tensor.numel() * static_cast<std::int64_t>(request.tensor.element_size());
  const std::int64_t id = next_id_++;
  letters_[id] = {.group = request.group,
                  .source = rank,
                  .destination = request.destination,
                  .tag = request.tag,
                  .ticket = ticket,
                  .content = request.tensor};
  Ticket& sent = scheduler_->ticket(rank, ticket);
  sent.ready = sent.start = scheduler_->now();
  sent.payload_bytes = sent.wire_bytes = bytes;
  sent.messages = 1;
  transport_->send({.source = network_->host_of(rank),
                    .destination = network_->host_of(request.destination),
                    .rank = rank,
                    .addressee = Addressee::kMailbox,
                    .subject = id,
                    .bytes = bytes});
}

void Mailbox::receive(int rank, std::int64_t ticket, const ReceiveRequest& request) {
  const Receiver receiver{.group = request.group,
                          .rank = rank,
                          .source = request.source,
                          .tag = request.tag,
                          .ticket = ticket,
                          .elements = request.elements};
  const auto letter = std::find_if(letters_.begin(), letters_.end(), [&](const auto& entry) {
    return entry.second.arrived && receiver.wants(entry.second);
  });
  if (letter == letters_.end()) {
    in_vain(receiver) ? give_up(receiver) : waiting_.push_back(receiver);
    return;
  }
  hand_over(receiver, letter->second);
  letters_.erase(letter);
}

void Mailbox::deliver(std::int64_t id) {
  Letter& letter = letters_.at(id);
  letter.arrived = true;
  letter.content = letter.content.clone();  // the sender may go on
  scheduler_->complete(letter.source, letter.ticket);
  const auto receiver =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const Receiver& waiting) { return waiting.wants(letter); });
  if (receiver == waiting_.end()) return;
  hand_over(*receiver, letter);
  const int source = letter.source;
  waiting_.erase(receiver);
  letters_.erase(id);
  if (gone_.contains(source) && gone_.at(source)) leave(source);  // whoever else waits has waited in vain
}

/// Its one source has gone, and nothing of it is under way.
bool Mailbox::in_vain(const Receiver& receiver) const {
  const auto source = gone_.find(receiver.source);
  if (source == gone_.end() || !source->second) return false;
  return std::none_of(letters_.begin(), letters_.end(),
                      [&](const auto& entry) { return receiver.wants(entry.second); });
}

void Mailbox::give_up(const Receiver& receiver) {
  Ticket& ticket = scheduler_->ticket(receiver.rank, receiver.ticket);
  ticket.ready = ticket.start = scheduler_->now();
  ticket.value = kNobody;
  scheduler_->complete(receiver.rank, receiver.ticket);
}

void Mailbox::leave(int rank) {
  gone_[rank] = true;
  std::vector<Receiver> waiting;
  waiting.swap(waiting_);
  for (const Receiver& receiver : waiting) {
    in_vain(receiver) ? give_up(receiver) : waiting_.push_back(receiver);
  }
}

void Mailbox::hand_over(const Receiver& receiver, const Letter& letter) {
  if (receiver.elements != letter.content.numel()) {
    throw CommunicationError("worker " + std::to_string(receiver.rank) + " receives " +
                             std::to_string(receiver.elements) + " elements, but worker " +
                             std::to_string(letter.source) + " sent " + std::to_string(letter.content.numel()));
  }
  Ticket& ticket = scheduler_->ticket(receiver.rank, receiver.ticket);
  ticket.ready = ticket.start = scheduler_->now();
  ticket.result = letter.content;
  ticket.value = letter.source;
  scheduler_->complete(receiver.rank, receiver.ticket);
}

}  // namespace sac
