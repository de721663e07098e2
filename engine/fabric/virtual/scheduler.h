#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/fabric/virtual/request.h"
#include "engine/fabric/virtual/slots.h"

namespace sac {

/// A point in simulated time at which something happens. Handled in order of (time, rank, sequence).
struct Event {
  enum class Kind : std::uint8_t { kWake, kCollectiveDone, kFlow, kDelivered, kServed };
  double time = 0.0;
  int rank = 0;               ///< breaks ties; the owner's rank
  std::int64_t sequence = 0;  ///< breaks ties; order of scheduling
  Kind kind = Kind::kWake;
  std::int64_t subject = 0;  ///< ticket, collective, message, ... of its kind
  void io(Archive& archive) { archive.io(time, rank, sequence, kind, subject); }
  bool operator<(const Event& other) const {
    return std::tie(time, rank, sequence) < std::tie(other.time, other.rank, other.sequence);
  }
};

/// What the scheduler drives: the simulated network, servers and observers. Called under the scheduler's lock by
/// whichever thread came to rest last, never while a worker runs.
class World {
 public:
  virtual ~World() = default;
  virtual void handle(int rank, std::int64_t ticket, Request& request) = 0;
  virtual void fire(const Event& event) = 0;
  /// After every request of this instant is handled and before time moves on; may write a checkpoint, may stop().
  virtual void settle() = 0;
};

/// A discrete-event simulation whose processes are threads, one a worker. Workers that wake at one instant run at the
/// same time, each touching only its own state; what they ask of the world is collected and handled when all of them
/// have come to rest, in order of rank and posting. Computations with a known end ("wake me at t + d, I compute
/// meanwhile") do not count as running: the world goes on without them until their end comes. The order of everything
/// that is shared is thus a function of the spec alone, while all slots work. See docs/adr/0003.
class Scheduler {
 public:
  Scheduler(int workers, int slots);

  /// Runs body(rank) for every worker, each on its own thread, to the end.  @throws what a worker or the world threw
  /// first; CommunicationError on a deadlock, naming each worker's pending operation.
  /// @return false when stopped by stop().
  bool run(World& world, const std::function<void(int)>& body);

  // ---- called by worker `rank`'s own thread -------------------------------------------------------------------------
  [[nodiscard]] double now(int rank) const { return lanes_[at(rank)]->clock; }
  std::int64_t post(int rank, Request request, std::string what);
  /// Posts a request that nobody waits for.
  void tell(int rank, Request request);
  /// Blocks until the ticket is done; the worker's clock moves to its end.  @throws StopRequested
  Ticket wait(int rank, std::int64_t ticket);
  /// Gives the world leave to go on while this thread computes; `arrive` then waits for the ticket.
  void depart(int rank, std::int64_t ticket);
  Ticket arrive(int rank, std::int64_t ticket);

  // ---- called by the world ------------------------------------------------------------------------------------------
  [[nodiscard]] double now() const { return now_; }
  [[nodiscard]] Ticket& ticket(int rank, std::int64_t id) { return lanes_[at(rank)]->tickets.at(id); }
  /// The ticket is done now: its worker resumes if it waits for it.
  void complete(int rank, std::int64_t id);
  void schedule(double time, int rank, Event::Kind kind, std::int64_t subject);
  /// Runs `action` while no thread computes: for evaluation, which must not count as the run's time.
  void quiesce(const std::function<void()>& action);
  /// body(i) for i in [0, count) on this thread and on every slot that is free.
  void parallel(std::int64_t count, const std::function<void(std::int64_t)>& body) { slots_.parallel(count, body); }
  /// Ends the run: every worker's next call throws StopRequested.
  void stop();

  // ---- checkpoints --------------------------------------------------------------------------------------------------
  /// From now on tickets are kept until the next boundary, so that a step can be replayed from it.
  void keep_log() { logging_ = true; }
  void drop_log();
  [[nodiscard]] bool logging() const { return logging_; }
  /// This worker's step boundary: its state, from which the tickets posted since are replayed after a resume.
  void boundary(int rank, std::string state);
  [[nodiscard]] bool all_have_boundary() const;
  /// The worker's set-up is over: what it was given by then is kept for every resume; a resumed worker jumps to its
  /// boundary.
  void prepared(int rank);
  /// Of a resumed run: the state at the boundary, "" in a fresh run.
  [[nodiscard]] const std::string& state(int rank) const { return lanes_[at(rank)]->state; }
  [[nodiscard]] bool finished(int rank) const { return lanes_[at(rank)]->phase == Lane::Phase::kFinished; }
  void io(Archive& archive);

 private:
  struct Lane {
    enum class Phase : std::uint8_t { kRunning, kAway, kFinished };
    Phase phase = Phase::kRunning;
    double clock = 0.0;
    std::int64_t awaited = -1;
    std::int64_t next_ticket = 0;
    bool preparing = true;
    std::int64_t replay_until = 0;  ///< tickets below exist already: posting them again attaches to them
    std::map<std::int64_t, Ticket> tickets;
    std::vector<std::pair<std::int64_t, Request>> outbox;
    bool has_boundary = false;
    std::string state;  ///< at the boundary
    std::int64_t boundary_ticket = 0;
    double boundary_clock = 0.0;
    std::int64_t prepared_ticket = 0;
    SlotWaiter slot;
  };
  [[nodiscard]] static std::size_t at(int rank) { return static_cast<std::size_t>(rank); }

  void leave(Lane& lane, std::int64_t ticket);
  void dispatch();
  bool step_world();
  void handle_outboxes();
  static void drop_consumed(Lane& lane);
  void resume(int rank, Lane& lane);
  void fail(std::exception_ptr error);
  void worker_main(int rank, const std::function<void(int)>& body);
  void check_alive() const;
  [[nodiscard]] std::string deadlock_report() const;

  std::mutex mutex_;
  Slots slots_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::set<Event> events_;
  std::int64_t next_sequence_ = 0;
  double now_ = 0.0;
  int running_ = 0;
  int finished_ = 0;
  bool logging_ = false;
  bool stopped_ = false;
  std::exception_ptr error_;
  World* world_ = nullptr;
};

}  // namespace sac
