#include <algorithm>

#include "engine/fabric/virtual/scheduler.h"

// The scheduler's part in checkpoints: step boundaries, the tickets to replay from them, what is written and read.
namespace sac {

void Scheduler::prepared(int rank) {
  Lane& lane = *lanes_[at(rank)];
  const std::lock_guard lock(mutex_);
  lane.preparing = false;
  lane.prepared_ticket = lane.next_ticket;
  if (lane.replay_until == 0) return;
  lane.next_ticket = lane.boundary_ticket;
  lane.clock = lane.boundary_clock;
}

void Scheduler::gather() {
  logging_ = true;
  gathered_ = 0;
}

bool Scheduler::wants_boundary(int rank, std::int64_t step, bool due) {
  if (!due && !logging_) return false;
  const Lane& lane = *lanes_[at(rank)];
  const std::lock_guard lock(mutex_);
  if (due && !logging_) {
    logging_ = true;
    gathered_ = step;
  }
  if (!logging_ || step < gathered_) return false;
  constexpr auto kFarAhead = 8;  // results: each may be as long as the model
  const auto used = std::count_if(lane.tickets.lower_bound(lane.boundary_ticket), lane.tickets.end(),
                                  [](const auto& entry) { return entry.second.consumed; });
  return !lane.has_boundary || used > kFarAhead;
}

void Scheduler::boundary(int rank, std::string state, Contribution standing) {
  Lane& lane = *lanes_[at(rank)];
  std::unique_lock lock(mutex_);
  check_alive();
  flush(rank, lane);
  if (!lane.outbox.empty()) block(lock, lane, kOutbox);
  if (!logging_) return;  // meanwhile the checkpoint was written, with the boundary before
  lane.state = std::move(state);
  lane.standing = std::move(standing);
  lane.has_boundary = true;
  lane.boundary_ticket = lane.next_ticket;
  lane.boundary_clock = lane.clock;
  drop_consumed(lane);
}

/// Results taken in the set-up stay: a resumed run repeats it.
void Scheduler::drop_consumed(Lane& lane) {
  std::erase_if(lane.tickets,
                [&](const auto& entry) { return entry.second.consumed && entry.first >= lane.prepared_ticket; });
}

bool Scheduler::all_have_boundary() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const auto& lane) { return lane->has_boundary || (lane->finished && lane->outbox.empty()); });
}

void Scheduler::drop_log() {
  logging_ = false;
  for (const auto& lane : lanes_) {
    lane->has_boundary = false;
    lane->state.clear();
    lane->standing = {};
    drop_consumed(*lane);
  }
}

void Scheduler::io(Archive& archive) {
  archive.io(now_, next_sequence_);
  std::vector<Event> events(events_.begin(), events_.end());
  archive.io(events);
  if (archive.reading()) events_ = {events.begin(), events.end()};
  for (const auto& lane : lanes_) {
    bool finished = lane->finished && lane->outbox.empty();  // else its last words are said again from its boundary
    archive.io(finished, lane->boundary_clock, lane->boundary_ticket, lane->state, lane->tickets, lane->handled);
    if (finished) archive.io(lane->clock);
    if (!archive.reading()) continue;
    lane->finished = finished;
    lane->replay_until = lane->handled;
  }
}

}  // namespace sac
