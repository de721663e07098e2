#include "engine/fabric/virtual/scheduler.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <thread>

#include "engine/core/error.h"

namespace sac {

Scheduler::Scheduler(int workers, int slots) : slots_(slots) {
  for (int rank = 0; rank < workers; ++rank) lanes_.push_back(std::make_unique<Lane>());
}

bool Scheduler::run(World& world, const std::function<void(int)>& body) {
  world_ = &world;
  {
    const std::lock_guard lock(mutex_);
    for (int rank = 0; rank < static_cast<int>(lanes_.size()); ++rank) resume(rank, *lanes_[at(rank)]);
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
    if (!lane.finished) body(rank);  // finished before the checkpoint it resumes from
  } catch (const StopRequested&) {   // the run was stopped: this thread has nothing left to do
  } catch (const Departed&) {        // its worker has died
  } catch (...) {
    const std::lock_guard lock(mutex_);
    fail(std::current_exception());
  }
  const std::lock_guard lock(mutex_);
  lane.finished = true;
  ++finished_;
  flush(rank, lane);
  rest(lane);
  if (!stopped_) dispatch();
  if (lane.slot.granted) slots_.release(lane.slot);
}

void Scheduler::check_alive() const {
  if (stopped_) throw StopRequested{};
}

void Scheduler::append(Lane& lane, Posted posted) {
  if (posted.id < lane.replay_until) return;  // handled before the checkpoint was written
  posted.ticket.posted = lane.clock;
  lane.fresh.push_back(std::move(posted));
}

std::int64_t Scheduler::post(int rank, Request request, std::string what) {
  Lane& lane = *lanes_[at(rank)];
  Posted posted{.id = lane.next_ticket++, .request = std::move(request), .ticket = {}};
  posted.ticket.what = std::move(what);
  const std::int64_t id = posted.id;
  append(lane, std::move(posted));
  return id;
}

void Scheduler::tell(int rank, Request request) {
  Lane& lane = *lanes_[at(rank)];
  append(lane, {.id = lane.next_ticket++, .request = std::move(request), .ticket = {}, .silent = true});
}

/// The world sees what the worker has posted.
void Scheduler::flush(int rank, Lane& lane) {
  if (lane.fresh.empty()) return;
  if (lane.outbox.empty()) agenda_.emplace(lane.fresh.front().ticket.posted, rank);
  std::move(lane.fresh.begin(), lane.fresh.end(), std::back_inserter(lane.outbox));
  lane.fresh.clear();
}

void Scheduler::run_until(Lane& lane, double bound) {
  rest(lane);
  lane.running = true;
  lane.bound = bound;
  bounds_.insert(bound);
}

void Scheduler::rest(Lane& lane) {
  if (lane.running) bounds_.erase(bounds_.find(lane.bound));
  lane.running = false;
}

void Scheduler::promise(int rank, double time, std::int64_t until) {
  Lane& lane = *lanes_[at(rank)];
  std::unique_lock lock(mutex_);
  check_alive();
  flush(rank, lane);
  const auto ticket = lane.tickets.find(until);
  if (ticket != lane.tickets.end() && ticket->second.done) return;  // replayed: it was cut short
  run_until(lane, time);
  dispatch();
  if (!slots_.frozen()) return;
  slots_.release(lane.slot);
  slots_.request(lane.slot, lane.clock, rank);
  lane.slot.wake.wait(lock, [&] { return lane.slot.granted || stopped_; });
}

Ticket Scheduler::wait(int rank, std::int64_t id) {
  Lane& lane = *lanes_[at(rank)];
  std::unique_lock lock(mutex_);
  check_alive();
  flush(rank, lane);
  auto found = lane.tickets.find(id);
  if (found == lane.tickets.end() || !found->second.done) {
    block(lock, lane, id);
    found = lane.tickets.find(id);
  }
  lane.clock = std::max(lane.clock, found->second.end);
  found->second.consumed = true;
  if (logging_ || lane.preparing) return found->second;
  Ticket ticket = std::move(found->second);
  lane.tickets.erase(found);
  return ticket;
}

/// The worker rests, its slot given to others, until `resume`.
void Scheduler::block(std::unique_lock<std::mutex>& lock, Lane& lane, std::int64_t awaited) {
  lane.awaited = awaited;
  rest(lane);
  dispatch();
  if (lane.awaited == awaited) slots_.release(lane.slot);
  lane.slot.wake.wait(lock, [&] { return (lane.awaited == kNothing && lane.slot.granted) || stopped_; });
  check_alive();
}

void Scheduler::resume(int rank, Lane& lane) {
  lane.awaited = kNothing;
  run_until(lane, std::max(lane.clock, now_));
  if (!lane.slot.granted) slots_.request(lane.slot, lane.bound, rank);
}

void Scheduler::complete(int rank, std::int64_t id) {
  Lane& lane = *lanes_[at(rank)];
  Ticket& ticket = lane.tickets.at(id);
  ticket.done = true;
  ticket.end = now_;
  if (lane.awaited == id) resume(rank, lane);
}

void Scheduler::cut_short(int rank, std::int64_t id) {
  Lane& lane = *lanes_[at(rank)];
  complete(rank, id);
  if (lane.running && lane.bound > now_) run_until(lane, now_);
}

void Scheduler::schedule(double time, int rank, Event::Kind kind, std::int64_t subject) {
  events_.insert({time, rank, next_sequence_++, kind, subject});
}

/// Drives the world as far as the running workers' promises allow. Called with the lock held.
void Scheduler::dispatch() {
  if (dispatching_) return;  // an evaluation has released the lock; whoever holds it goes on
  dispatching_ = true;
  try {
    while (!stopped_ && step_world()) {
    }
  } catch (...) {
    fail(std::current_exception());
  }
  dispatching_ = false;
}

/// One round of one instant: its requests, once nobody can add to them, or the events due.
/// @return false when a running worker must say more first.
bool Scheduler::step_world() {
  world_->settle();
  if (stopped_) return false;
  constexpr double kNever = std::numeric_limits<double>::infinity();
  const double due = events_.empty() ? kNever : events_.begin()->time;
  const double asked = agenda_.empty() ? kNever : agenda_.begin()->first;
  const double promised = bounds_.empty() ? kNever : *bounds_.begin();
  if (due == kNever && asked == kNever) {
    if (bounds_.empty() && finished_ < lanes_.size()) throw CommunicationError(deadlock_report());
    return false;
  }
  if (asked <= now_ || asked < due) {
    if (promised <= std::max(now_, asked)) return false;
    now_ = std::max(now_, asked);
    handle_outboxes();
    return true;
  }
  const bool next_instant = due > now_;
  if (next_instant ? promised < due : promised <= now_) return false;
  now_ = std::max(now_, due);
  fire_events();
  return true;
}

void Scheduler::fire_events() {
  while (!events_.empty() && events_.begin()->time <= now_) {
    const Event event = *events_.begin();
    events_.erase(events_.begin());
    world_->fire(event);
  }
}

/// Everything asked by now, in order of rank and posting.
void Scheduler::handle_outboxes() {
  std::vector<int> ranks;
  for (auto entry = agenda_.begin(); entry != agenda_.end() && entry->first <= now_; entry = agenda_.erase(entry)) {
    ranks.push_back(entry->second);
  }
  std::sort(ranks.begin(), ranks.end());
  for (const int rank : ranks) handle_outbox(rank, *lanes_[at(rank)]);
}

void Scheduler::handle_outbox(int rank, Lane& lane) {
  const auto later = std::find_if(lane.outbox.begin(), lane.outbox.end(),
                                  [this](const Posted& posted) { return posted.ticket.posted > now_; });
  for (auto count = later - lane.outbox.begin(); count > 0; --count) {
    Posted posted = std::move(lane.outbox.front());
    lane.outbox.pop_front();
    lane.handled = posted.id + 1;
    if (!posted.silent) lane.tickets.emplace(posted.id, std::move(posted.ticket));
    world_->handle(rank, posted.id, posted.request);
  }
  if (!lane.outbox.empty()) {
    agenda_.emplace(lane.outbox.front().ticket.posted, rank);
  } else if (lane.awaited == kOutbox) {
    resume(rank, lane);
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
  const std::string why = world_->why_stuck();
  std::string report =
      why.empty() ? "deadlock at " + std::to_string(now_) + " s: every worker waits for another;" : why + ";";
  constexpr std::size_t kNamed = 16;
  for (std::size_t rank = 0; rank < lanes_.size(); ++rank) {
    const Lane& lane = *lanes_[rank];
    if (rank == kNamed) return report + " and " + std::to_string(lanes_.size() - kNamed) + " more";
    const auto pending = lane.tickets.find(lane.awaited);
    report += " worker " + std::to_string(rank) + ": " +
              (world_->gone(static_cast<int>(rank)) ? "dead"
               : lane.finished                      ? "finished"
               : pending == lane.tickets.end()      ? "running"
                                                    : pending->second.what) +
              ";";
  }
  report.pop_back();
  return report;
}

}  // namespace sac
