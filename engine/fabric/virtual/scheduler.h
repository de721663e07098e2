#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
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
  enum class Kind : std::uint8_t { kCollectiveDone, kFlow, kDelivered, kServed, kComputed, kFault };
  double time = 0.0;
  int rank = 0;               ///< breaks ties; the owner's rank
  std::int64_t sequence = 0;  ///< breaks ties; order of scheduling
  Kind kind = Kind::kCollectiveDone;
  std::int64_t subject = 0;  ///< collective, message, ... of its kind
  void io(Archive& archive) { archive.io(time, rank, sequence, kind, subject); }
  bool operator<(const Event& other) const {
    return std::tie(time, rank, sequence) < std::tie(other.time, other.rank, other.sequence);
  }
};

/// What the scheduler drives: the simulated network, servers and observers. Called under the scheduler's lock, by
/// whichever worker's thread let the world go on.
class World {
 public:
  virtual ~World() = default;
  virtual void handle(int rank, std::int64_t ticket, Request& request) = 0;
  virtual void fire(const Event& event) = 0;
  /// Between two instants or rounds of one; may write a checkpoint, may stop().
  virtual void settle() = 0;
  /// Why everybody waits, in words that go before the list of who waits for what; "" for no reason known.
  [[nodiscard]] virtual std::string why_stuck() const { return ""; }
  /// The worker has died.
  [[nodiscard]] virtual bool gone(int /*rank*/) const { return false; }
};

/// A conservative discrete-event simulation (Chandy & Misra 1979) whose processes are threads, one a worker. A worker
/// runs ahead on a clock of its own until it needs a result that is not there; what it asks of the world carries its
/// clock and waits in its outbox. The world moves to the earliest instant at which anything is asked or due, once every
/// running worker's promise ("nothing from me before t", the known end of its computation) lies beyond it; within an
/// instant first events, then requests in order of rank and posting. The order of everything that is shared is thus a
/// function of the spec alone, while all slots work. See docs/adr/0003.
class Scheduler {
 public:
  static constexpr std::int64_t kNothing = -1;  ///< no ticket

  Scheduler(int workers, int slots);

  /// Runs body(rank) for every worker, each on its own thread, to the end.  @throws what a worker or the world threw
  /// first; CommunicationError on a deadlock, naming each worker's pending operation.
  /// @return false when stopped by stop().
  bool run(World& world, const std::function<void(int)>& body);

  // ---- called by worker `rank`'s own thread -------------------------------------------------------------------------
  [[nodiscard]] double now(int rank) const { return lanes_[at(rank)]->clock; }
  /// Asks something of the world at this worker's time.  @return its ticket.
  std::int64_t post(int rank, Request request, std::string what);
  /// Posts a request that nobody waits for.
  void tell(int rank, Request request);
  /// Blocks until the ticket is done; the worker's clock moves to its end.  @throws StopRequested
  Ticket wait(int rank, std::int64_t ticket);
  /// This worker posts nothing before `time`: it computes.  @param until  a ticket: unless that is done earlier.
  /// @throws StopRequested
  void promise(int rank, double time, std::int64_t until = kNothing);
  /// The worker's clock moves to `time`.
  void advance(int rank, double time) { lanes_[at(rank)]->clock = time; }

  // ---- called by the world ------------------------------------------------------------------------------------------
  [[nodiscard]] double now() const { return now_; }
  [[nodiscard]] Ticket& ticket(int rank, std::int64_t id) { return lanes_[at(rank)]->tickets.at(id); }
  /// The ticket is done now: its worker goes on if it waits for it.
  void complete(int rank, std::int64_t id);
  /// The same before the time that its worker has promised: it may post again from now on.
  void cut_short(int rank, std::int64_t id);
  void schedule(double time, int rank, Event::Kind kind, std::int64_t subject);
  /// Runs `action` while no thread computes: for evaluation, which must not count as the run's time.
  void quiesce(const std::function<void()>& action);
  /// body(i) for i in [0, count) on this thread and on every slot that is free.
  void parallel(std::int64_t count, const std::function<void(std::int64_t)>& body) { slots_.parallel(count, body); }
  /// Ends the run: every worker's next call throws StopRequested.
  void stop();

  // ---- checkpoints --------------------------------------------------------------------------------------------------
  /// A checkpoint is wanted as soon as can be: every worker's next boundary will do.
  void gather();
  /// It is written: what was gathered is forgotten.
  void drop_log();
  [[nodiscard]] bool logging() const { return logging_; }
  /// Whether the worker, `step` steps finished, has to give a boundary: the one of a scheduled checkpoint's step, or
  /// the first after it; a newer one where it has got far ahead meanwhile.
  /// @param due  a checkpoint of `step` is scheduled: from now on tickets are kept, so that steps can be replayed.
  bool wants_boundary(int rank, std::int64_t step, bool due);
  /// This worker's step boundary: its state, from which the tickets posted since are replayed after a resume. Waits
  /// until the world has handled what the worker posted before.  @param standing  its part of the model there.
  void boundary(int rank, std::string state, Contribution standing);
  [[nodiscard]] bool all_have_boundary() const;
  /// The worker's set-up is over: what it was given by then is kept for every resume; a resumed worker jumps to its
  /// boundary.
  void prepared(int rank);
  /// Of a resumed run: the state at the boundary, "" in a fresh run.
  [[nodiscard]] const std::string& state(int rank) const { return lanes_[at(rank)]->state; }
  /// Where it has a boundary: its part of the model there, else null.
  [[nodiscard]] const Contribution* standing(int rank) const {
    return lanes_[at(rank)]->has_boundary ? &lanes_[at(rank)]->standing : nullptr;
  }
  [[nodiscard]] bool finished(int rank) const { return lanes_[at(rank)]->finished; }
  void io(Archive& archive);

 private:
  static constexpr std::int64_t kOutbox = -2;  ///< awaited: the world's having handled the whole outbox

  struct Posted {
    std::int64_t id = 0;
    Request request;
    Ticket ticket;
    bool silent = false;  ///< told, not asked: has no ticket
  };
  struct Lane {
    // The worker's own.
    double clock = 0.0;
    std::int64_t next_ticket = 0;
    std::vector<Posted> fresh;  ///< posted since the world last looked
    // Shared, under the lock.
    bool finished = false;
    bool running = false;
    double bound = 0.0;  ///< while it runs: it posts nothing before
    std::int64_t awaited = kNothing;
    std::deque<Posted> outbox;
    std::int64_t handled = 0;  ///< tickets below have reached the world
    std::map<std::int64_t, Ticket> tickets;
    SlotWaiter slot;
    // Of checkpoints.
    bool preparing = true;
    std::int64_t prepared_ticket = 0;
    std::int64_t replay_until = 0;  ///< tickets below exist already: posting them again attaches to them
    bool has_boundary = false;
    std::string state;      ///< at the boundary
    Contribution standing;  ///< there
    std::int64_t boundary_ticket = 0;
    double boundary_clock = 0.0;
  };
  [[nodiscard]] static std::size_t at(int rank) { return static_cast<std::size_t>(rank); }

  void append(Lane& lane, Posted posted);
  void flush(int rank, Lane& lane);
  void block(std::unique_lock<std::mutex>& lock, Lane& lane, std::int64_t awaited);
  void resume(int rank, Lane& lane);
  void run_until(Lane& lane, double bound);
  void rest(Lane& lane);
  void dispatch();
  bool step_world();
  void fire_events();
  void handle_outboxes();
  void handle_outbox(int rank, Lane& lane);
  static void drop_consumed(Lane& lane);
  void fail(std::exception_ptr error);
  void worker_main(int rank, const std::function<void(int)>& body);
  void check_alive() const;
  [[nodiscard]] std::string deadlock_report() const;

  std::mutex mutex_;
  Slots slots_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::set<Event> events_;
  std::set<std::pair<double, int>> agenda_;  ///< (time, rank) of each outbox's front
  std::multiset<double> bounds_;             ///< of the running workers
  std::int64_t next_sequence_ = 0;
  double now_ = 0.0;
  std::size_t finished_ = 0;
  bool dispatching_ = false;
  std::atomic<bool> logging_{false};  ///< a checkpoint is being gathered
  std::int64_t gathered_ = 0;         ///< of this step; 0 = of any
  std::atomic<bool> stopped_{false};
  std::exception_ptr error_;
  World* world_ = nullptr;
};

}  // namespace sac
