#include "engine/fabric/group/watch.h"

#include <chrono>
#include <vector>

namespace sac {
namespace {

using namespace std::chrono_literals;

constexpr auto kBeat = 500ms;
constexpr auto kSilence = 3 * kBeat;  ///< a rank that has not beaten for so long does not respond
constexpr auto kLeave = 10s;
constexpr auto kLeaveAfterFailure = 2 * kSilence;

std::string beat_name(int rank) { return "beat/" + std::to_string(rank); }

}  // namespace

Watch::Watch(Rendezvous store, int rank, int size)
    : store_(store.clone()), asking_(std::move(store)), rank_(rank), size_(size), thread_([this] { run(); }) {}

Watch::~Watch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watch::run() {
  try {
    while (true) {
      beat();
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, kBeat, [this] { return stopping_; })) return;
      lock.unlock();
      const auto failure = store_.failure();
      if (!failure) continue;
      lock.lock();
      if (failure_.empty()) failure_ = *failure;
      break;
    }
  } catch (const Error&) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (failure_.empty()) failure_ = name() + "the process that hosts the cluster's store is gone";
  }
  cut_all();
}

void Watch::beat() {
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    text = std::to_string(++beats_) + " " + blocked_in_;
  }
  store_.set(beat_name(rank_), text);
}

void Watch::cut_all() {
  failed_.store(true, std::memory_order_release);
  const std::lock_guard lock(mutex_);
  for (const auto& [id, cut] : guards_) cut();
  guards_.clear();
}

void Watch::blocked_in(const std::string& what) {
  const std::lock_guard lock(mutex_);
  blocked_in_ = what;
}

void Watch::fail(const std::string& why) {
  std::string won = why;
  try {
    won = asking_.fail(why);
  } catch (const Error&) {  // the store went with the rank that failed
  }
  {
    const std::lock_guard lock(mutex_);
    if (failure_.empty()) failure_ = won;
  }
  cut_all();
  throw_failure();
}

std::string Watch::name() const { return "rank " + std::to_string(rank_) + ": "; }

void Watch::throw_failure() {
  const std::lock_guard lock(mutex_);
  throw ClusterFailure(failure_);
}

void Watch::run_beside(const std::string& who, const std::function<void()>& body) try {
  try {
    body();
  } catch (const ClusterFailure&) {
    throw;
  } catch (const std::exception& error) {
    fail(who + ": " + first_line(error));
  }
} catch (const ClusterFailure&) {  // the worker's thread says so
}

void Watch::fail_late(const std::string& what, Seconds timeout) {
  if (failed() || learn()) throw_failure();
  const auto seconds = static_cast<std::int64_t>(timeout.value);
  fail(name() + what + " did not end within " + std::to_string(seconds) + " s" + others_now().where);
}

void Watch::fail_broken(const std::string& what, const std::string& error) {
  if (failed() || learn()) throw_failure();
  const Others others = others_now();
  const auto deadline = std::chrono::steady_clock::now() + kSilence;
  while (others.all_respond && std::chrono::steady_clock::now() < deadline) {
    if (failed() || learn()) throw_failure();
    std::this_thread::sleep_for(50ms);
  }
  fail(name() + what + " failed (" + error.substr(0, error.find('\n')) + ")" + others.where);
}

/// Another rank may have said why just now, between two beats.  @return whether it has.
bool Watch::learn() {
  try {
    const auto failure = asking_.failure();
    if (!failure) return false;
    const std::lock_guard lock(mutex_);
    if (failure_.empty()) failure_ = *failure;
  } catch (const Error&) {
    return false;
  }
  cut_all();
  return true;
}

/// Listens to everybody's heart for a while.
Watch::Others Watch::others_now() {
  std::vector<std::string> silent, elsewhere;
  try {
    std::vector<std::optional<std::string>> before;
    for (int rank = 0; rank < size_; ++rank) before.push_back(asking_.get(beat_name(rank)));
    std::this_thread::sleep_for(kSilence);
    for (int rank = 0; rank < size_; ++rank) {
      if (rank == rank_) continue;
      const auto now = asking_.get(beat_name(rank));
      if (!now || now == before[static_cast<std::size_t>(rank)]) {
        silent.push_back(std::to_string(rank));
        continue;
      }
      const std::string place = now->substr(now->find(' ') + 1);
      elsewhere.push_back("rank " + std::to_string(rank) + (place.empty() ? " computes" : " waits in " + place));
    }
  } catch (const Error&) {
    return {.where = "; the process that hosts the cluster's store does not respond"};
  }
  if (!silent.empty())
    return {.where = std::string("; ") + (silent.size() == 1 ? "rank " : "ranks ") + join(silent) +
                     (silent.size() == 1 ? " does" : " do") + " not respond"};
  return {.where = "; every rank responds: " + join(elsewhere), .all_respond = true};
}

void Watch::leave() {
  const bool ends_badly = failed();
  const auto deadline = std::chrono::steady_clock::now() + (ends_badly ? kLeaveAfterFailure : kLeave);
  const bool waits = asking_.hosts() || !ends_badly;
  try {
    asking_.leave(rank_, size_,
                  [&] { return waits && failed() == ends_badly && std::chrono::steady_clock::now() < deadline; });
  } catch (const Error&) {  // the host has left: so may we
  }
}

Watch::Guard::Guard(Watch& watch, std::function<void()> cut) : watch_(&watch) {
  const std::lock_guard lock(watch.mutex_);
  id_ = watch.next_guard_++;
  if (watch.failed()) {
    cut();
  } else {
    watch.guards_.emplace(id_, std::move(cut));
  }
}

Watch::Guard::~Guard() {
  const std::lock_guard lock(watch_->mutex_);
  watch_->guards_.erase(id_);
}

}  // namespace sac
