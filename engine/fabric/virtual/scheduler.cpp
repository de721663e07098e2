#include "engine/fabric/virtual/scheduler.h"

#include <algorithm>
#include <thread>

#include "engine/core/error.h"

namespace sac {

Scheduler::Scheduler(int workers, int slots) : slots_(slots), running_(workers) {
  for (int rank = 0; rank < workers; ++rank) lanes_.push_back(std::make_unique<Lane>());
}

bool Scheduler::run(World& world, const std::function<void(int)>& body) {
  world_ = &world;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t rank = 0; rank < lanes_.size(); ++rank) {
      Lane& lane = *lanes_[rank];
      lane.slot.resumed = true;
      slots_.request(lane.slot, lane.clock, static_cast<int>(rank));
    }
  }
  std::vector<std::thread> threads;
  try {
    for (int rank = 0; rank < static_cast<int>(lanes_.size()); ++rank) {
      threads.emplace_back([this, rank, &body] { worker_main(rank, body); });
    }
  } catch (const std::system_error& error) {
    const std::lock_guard lock(mutex_);
    fail(std::make_exception_ptr(
        RunError("cannot start a thread for each of " + std::to_string(lanes_.size()) + " workers: " + error.what())));
  }
  for (std::thread& thread : threads) thread.join();
  if (error_) std::rethrow_exception(error_);
  return !stopped_;
}

void Scheduler::worker_main(int rank, const std::function<void(int)>& body) {
  Lane& lane = *lanes_[at(rank)];
  try {
    {
      std::unique_lock lock(mutex_);
      lane.slot.wake.wait(lock, [&] { return lane.slot.granted || stopped_; });
      check_alive();
    }
    if (lane.phase != Lane::Phase::kFinished) body(rank);  // finished before the checkpoint it resumes from
  } catch (const StopRequested&) {                         // the run was stopped: this thread has nothing left to do
  } catch (...) {
    const std::lock_guard lock(mutex_);
    fail(std::current_exception());
  }
  const std::lock_guard lock(mutex_);
  lane.phase = Lane::Phase::kFinished;
  ++finished_;
  if (!stopped_ && --running_ == 0) dispatch();
  if (lane.slot.granted) slots_.release(lane.slot);
}

void Scheduler::check_alive() const {
  if (stopped_) throw StopRequested{};
}

std::int64_t Scheduler::post(int rank, Request request, std::string what) {
  Lane& lane = *lanes_[at(rank)];
  const std::int64_t id = lane.next_ticket++;
  if (id < lane.replay_until) return id;  // handled before the checkpoint was written
  Ticket ticket;
  ticket.posted = lane.clock;
  ticket.what = std::move(what);
  lane.tickets.emplace(id, std::move(ticket));
  lane.outbox.emplace_back(id, std::move(request));
  return id;
}

void Scheduler::tell(int rank, Request request) {
  Lane& lane = *lanes_[at(rank)];
  const std::int64_t id = lane.next_ticket++;
  if (id >= lane.replay_until) lane.outbox.emplace_back(id, std::move(request));
}

Ticket Scheduler::wait(int rank, std::int64_t id) {
  Lane& lane = *lanes_[at(rank)];
  if (!lane.tickets.at(id).done) depart(rank, id);
  return arrive(rank, id);
}

void Scheduler::depart(int rank, std::int64_t id) {
  Lane& lane = *lanes_[at(rank)];
  if (lane.tickets.at(id).done) return;  // a replayed computation that had ended before the checkpoint
  const std::lock_guard lock(mutex_);
  check_alive();
  leave(lane, id);
}

void Scheduler::leave(Lane& lane, std::int64_t id) {
  lane.phase = Lane::Phase::kAway;
  lane.awaited = id;
  lane.slot.resumed = false;
  if (--running_ == 0) dispatch();
}

Ticket Scheduler::arrive(int rank, std::int64_t id) {
  Lane& lane = *lanes_[at(rank)];
  if (lane.awaited == id) {
    std::unique_lock lock(mutex_);
    if (!lane.slot.resumed) slots_.release(lane.slot);
    lane.slot.wake.wait(lock, [&] { return (lane.slot.resumed && lane.slot.granted) || stopped_; });
    check_alive();
    lane.awaited = -1;
  }
  const auto found = lane.tickets.find(id);
  lane.clock = std::max(lane.clock, found->second.end);
  found->second.consumed = true;
  if (logging_ || lane.preparing) return found->second;
  Ticket ticket = std::move(found->second);
  lane.tickets.erase(found);
  return ticket;
}

void Scheduler::complete(int rank, std::int64_t id) {
  Lane& lane = *lanes_[at(rank)];
  Ticket& ticket = lane.tickets.at(id);
  ticket.done = true;
  ticket.end = now_;
  if (lane.phase == Lane::Phase::kAway && lane.awaited == id) resume(rank, lane);
}

void Scheduler::resume(int rank, Lane& lane) {
  lane.phase = Lane::Phase::kRunning;
  lane.slot.resumed = true;
  ++running_;
  if (!lane.slot.granted) slots_.request(lane.slot, now_, rank);  // one that still computes keeps its slot
}

void Scheduler::schedule(double time, int rank, Event::Kind kind, std::int64_t subject) {
  events_.insert({time, rank, next_sequence_++, kind, subject});
}

/// Drives the world until somebody runs again. Called with the lock held, by the thread that came to rest last.
void Scheduler::dispatch() {
  try {
    while (running_ == 0 && !stopped_) {
      if (!step_world()) return;
    }
  } catch (...) {
    fail(std::current_exception());
  }
}

bool Scheduler::step_world() {
  handle_outboxes();
  if (running_ > 0) return true;
  world_->settle();
  if (stopped_) return false;
  if (events_.empty()) {
    if (finished_ == static_cast<int>(lanes_.size())) return false;
    throw CommunicationError(deadlock_report());
  }
  now_ = std::max(now_, events_.begin()->time);
  while (!events_.empty() && events_.begin()->time <= now_) {
    const Event event = *events_.begin();
    events_.erase(events_.begin());
    if (event.kind == Event::Kind::kWake) {
      complete(event.rank, event.subject);
    } else {
      world_->fire(event);
    }
  }
  return true;
}

void Scheduler::handle_outboxes() {
  for (std::size_t rank = 0; rank < lanes_.size(); ++rank) {
    std::vector<std::pair<std::int64_t, Request>> posted;
    posted.swap(lanes_[rank]->outbox);
    for (auto& [id, request] : posted) {
      if (const auto* wake = std::get_if<WakeRequest>(&request)) {
        schedule(wake->time, static_cast<int>(rank), Event::Kind::kWake, id);
      } else {
        world_->handle(static_cast<int>(rank), id, request);
      }
    }
  }
}

void Scheduler::quiesce(const std::function<void()>& action) {
  std::unique_lock lock(mutex_, std::adopt_lock);
  slots_.freeze(lock);
  lock.release();  // the caller's guard unlocks
  action();
  slots_.thaw();
}

void Scheduler::stop() {
  stopped_ = true;
  for (const auto& lane : lanes_) lane->slot.wake.notify_all();
}

void Scheduler::fail(std::exception_ptr error) {
  if (!error_) error_ = std::move(error);
  stop();
}

std::string Scheduler::deadlock_report() const {
  std::string report = "deadlock at " + std::to_string(now_) + " s: every worker waits for another;";
  constexpr std::size_t kNamed = 16;
  for (std::size_t rank = 0; rank < lanes_.size(); ++rank) {
    const Lane& lane = *lanes_[rank];
    if (rank == kNamed) return report + " and " + std::to_string(lanes_.size() - kNamed) + " more";
    const auto pending = lane.tickets.find(lane.awaited);
    report += " worker " + std::to_string(rank) + ": " +
              (lane.phase == Lane::Phase::kFinished ? "finished"
               : pending == lane.tickets.end()      ? "running"
                                                    : pending->second.what) +
              ";";
  }
  report.pop_back();
  return report;
}

void Scheduler::prepared(int rank) {
  Lane& lane = *lanes_[at(rank)];
  lane.preparing = false;
  lane.prepared_ticket = lane.next_ticket;
  if (lane.replay_until == 0) return;
  lane.next_ticket = lane.boundary_ticket;
  lane.clock = lane.boundary_clock;
}

void Scheduler::boundary(int rank, std::string state) {
  Lane& lane = *lanes_[at(rank)];
  lane.state = std::move(state);
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
                     [](const auto& lane) { return lane->has_boundary || lane->phase == Lane::Phase::kFinished; });
}

void Scheduler::drop_log() {
  logging_ = false;
  for (const auto& lane : lanes_) {
    lane->has_boundary = false;
    lane->state.clear();
    drop_consumed(*lane);
  }
}

void Scheduler::io(Archive& archive) {
  archive.io(now_, next_sequence_);
  std::vector<Event> events(events_.begin(), events_.end());
  archive.io(events);
  if (archive.reading()) events_ = {events.begin(), events.end()};
  for (const auto& lane : lanes_) {
    std::int64_t until = lane->next_ticket;
    archive.io(lane->phase, lane->boundary_clock, lane->boundary_ticket, lane->state, lane->tickets, until);
    if (!archive.reading()) continue;
    if (lane->phase != Lane::Phase::kFinished) lane->phase = Lane::Phase::kRunning;
    lane->replay_until = until;
  }
}

}  // namespace sac
