#pragma once
#include <cstdint>
#include <map>

#include "engine/fabric/virtual/scheduler.h"

namespace sac {

/// Computations that may be called off before they end.
class Computations {
 public:
  explicit Computations(Scheduler& scheduler) : scheduler_(&scheduler) {}

  void begin(int rank, std::int64_t ticket, double seconds) {
    under_way_[rank] = ticket;
    scheduler_->schedule(scheduler_->now() + seconds, rank, Event::Kind::kComputed, ticket);
    if (doomed_[rank]) call_off(rank);
  }
  /// The computation has reached its end, unless it was called off before.
  void end(int rank, std::int64_t ticket) {
    const auto found = under_way_.find(rank);
    if (found == under_way_.end() || found->second != ticket) return;
    under_way_.erase(found);
    scheduler_->complete(rank, ticket);
  }
  /// Ends what the worker computes, or, where it computes nothing, what it would begin next.
  void call_off(int rank) {
    const auto found = under_way_.find(rank);
    if (found == under_way_.end()) {
      doomed_[rank] = true;
      return;
    }
    const std::int64_t ticket = found->second;
    under_way_.erase(found);
    ++called_off_;
    scheduler_->ticket(rank, ticket).value = 1;
    scheduler_->cut_short(rank, ticket);
  }
  /// The worker has what it needs to compute something useful.
  void pardon(int rank) { doomed_[rank] = false; }
  /// So far.
  [[nodiscard]] std::int64_t called_off() const { return called_off_; }
  void io(Archive& archive) { archive.io(under_way_, doomed_, called_off_); }

 private:
  Scheduler* scheduler_;
  std::map<int, std::int64_t> under_way_;  ///< rank -> ticket
  std::map<int, bool> doomed_;             ///< what the rank begins next is called off
  std::int64_t called_off_ = 0;
};

}  // namespace sac
