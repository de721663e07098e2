#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/units.h"
#include "engine/fabric/group/rendezvous.h"

namespace sac {

/// Why the cluster ends, said by this or another rank: "rank 2: ...".
struct ClusterFailure : CommunicationError {
  using CommunicationError::CommunicationError;
};

/// One rank's eye on the cluster, on a thread of its own: tells the others twice a second that this rank lives and what
/// it waits for, and learns when one of them has failed. What blocks is cut short then.
class Watch {
 public:
  Watch(Rendezvous store, int rank, int size);
  ~Watch();

  /// What this rank blocks in ("all_reduce of 10 x Float"), "" while it computes: what the others read if it is late.
  void blocked_in(const std::string& what);
  /// True once any rank has failed.
  [[nodiscard]] bool failed() const { return failed_.load(std::memory_order_acquire); }
  /// Ends the cluster. The first rank to say why wins.  @throws ClusterFailure  always, with what won.
  [[noreturn]] void fail(const std::string& why);
  /// Ends the cluster because `what` took too long, and says who does not respond, or where the others are.
  [[noreturn]] void fail_late(const std::string& what, Seconds timeout);
  /// The same because it broke with `error`. That follows from another rank's trouble: where all respond, one that
  /// knows the cause may speak first.
  [[noreturn]] void fail_broken(const std::string& what, const std::string& error);
  [[noreturn]] void throw_failure();
  /// Runs what this rank does beside its worker, on a thread of its own. What it throws ends the cluster; the worker's
  /// thread is the one that hears of it.  @param who  "server shard 1".
  void run_beside(const std::string& who, const std::function<void()>& body);
  /// @throws ClusterFailure  any rank has failed.
  void check() {
    if (failed()) throw_failure();
  }

  /// While it lives, `cut` is called once if the cluster fails, from another thread; at once where it has failed.
  class Guard {
   public:
    Guard(Watch& watch, std::function<void()> cut);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Watch* watch_;
    std::int64_t id_;
  };

  /// The last call of a rank, after a failure too. Returns when nobody needs this rank's store any more: all ranks have
  /// called it, or some seconds have passed.
  void leave();

 private:
  void run();
  void beat();
  void cut_all();
  [[nodiscard]] std::string name() const;
  struct Others {
    std::string where;
    bool all_respond = false;
  };
  [[nodiscard]] Others others_now();
  bool learn();

  Rendezvous store_;
  Rendezvous asking_;  ///< for the worker's own thread
  int rank_;
  int size_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::string blocked_in_;
  std::string failure_;
  std::int64_t beats_ = 0;
  std::int64_t next_guard_ = 0;
  std::map<std::int64_t, std::function<void()>> guards_;
  std::thread thread_;
};

}  // namespace sac
