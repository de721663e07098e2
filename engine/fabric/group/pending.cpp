#include "engine/fabric/group/pending.h"

#include <c10/core/StreamGuard.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <torch/csrc/distributed/c10d/Work.hpp>
#include <utility>

#include "engine/core/error.h"
#include "engine/fabric/group/stream_mark.h"

namespace sac {
namespace {

class PendingCollective final : public Pending {
 public:
  explicit PendingCollective(const WorkRef& work) : work_(work), state_(std::make_shared<State>()) {
    times_.posted = steady_seconds();
    work_->getFuture()->addCallback([state = state_](c10::ivalue::Future& future) {
      const std::lock_guard lock(state->mutex);
      state->done_at = steady_seconds();
      if (future.hasError()) state->error = future.tryRetrieveErrorMessage();
      state->done = true;
      state->changed.notify_all();
    });
  }

  void wait(Watch& watch, const std::string& what, Seconds timeout) override {
    watch.check();
    times_.from = steady_seconds();
    std::unique_lock lock(state_->mutex);
    if (!state_->done) {
      lock.unlock();
      watch.blocked_in(what);
      const Watch::Guard guard(watch, [state = state_] {
        const std::lock_guard cut(state->mutex);
        state->cut = true;
        state->changed.notify_all();
      });
      lock.lock();
      state_->changed.wait_for(lock, c10d_timeout(timeout), [this] { return state_->done || state_->cut; });
      lock.unlock();
      if (!state_->done) {
        watch.check();
        watch.fail_late(what, timeout);
      }
      watch.blocked_in("");
      lock.lock();
    }
    if (!state_->error.empty()) {
      lock.unlock();
      watch.fail_broken(what, state_->error);
    }
    times_.done = state_->done_at;
    times_.until = steady_seconds();
  }
  [[nodiscard]] Times times() const override { return times_; }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    bool cut = false;
    double done_at = 0.0;
    std::string error;
  };
  WorkRef work_;
  std::shared_ptr<State> state_;
  Times times_;
};

/// The host waits, too: a device that waits for a rank that hangs could not be called back.
class PendingOnDevice final : public Pending {
 public:
  PendingOnDevice(const WorkRef& work, at::Device device, std::function<void()> abort)
      : work_(work), device_(device), abort_(std::move(abort)), posted_(device), done_(end_of(*work, device)) {}

  void wait(Watch& watch, const std::string& what, Seconds timeout) override {
    watch.check();
    const StreamMark here(device_);
    const auto deadline = std::chrono::steady_clock::now() + c10d_timeout(timeout);
    watch.blocked_in(what);
    const Watch::Guard guard(watch, abort_);
    await(here, watch, what, timeout, deadline);
    times_.from = steady_seconds();
    await(done_, watch, what, timeout, deadline);
    work_->synchronize();
    times_.until = steady_seconds();
    times_.posted = times_.from - posted_.until(here);
    times_.done = times_.posted + posted_.until(done_);
    watch.blocked_in("");
  }
  [[nodiscard]] Times times() const override { return times_; }

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  /// The work's end, on a stream that does nothing else.
  static StreamMark end_of(c10d::Work& work, at::Device device) {
    const c10::StreamGuard beside(c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device));
    work.synchronize();
    return StreamMark(device);
  }

  void await(const StreamMark& mark, Watch& watch, const std::string& what, Seconds timeout, Deadline deadline) const {
    while (!mark.reached()) {
      watch.check();
      if (const std::exception_ptr error = work_->exception()) rethrow(error, watch, what);
      if (std::chrono::steady_clock::now() > deadline) watch.fail_late(what, timeout);
      std::this_thread::yield();
    }
  }

  [[noreturn]] static void rethrow(const std::exception_ptr& error, Watch& watch, const std::string& what) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& cause) {
      watch.fail_broken(what, cause.what());
    }
  }

  WorkRef work_;
  at::Device device_;
  std::function<void()> abort_;
  StreamMark posted_, done_;
  Times times_;
};

class PendingMessage final : public Pending {
 public:
  PendingMessage(const WorkRef& work, bool from_any) : work_(work), from_any_(from_any) {
    times_.posted = steady_seconds();
  }

  void wait(Watch& watch, const std::string& what, Seconds timeout) override {
    watch.blocked_in(what);
    times_.from = steady_seconds();
    try {
      const Watch::Guard guard(watch, [work = work_] { work->abort(); });
      if (watch.failed() || !work_->wait(c10d_timeout(timeout))) watch.throw_failure();
    } catch (const ClusterFailure&) {
      throw;
    } catch (const std::exception& error) {
      const bool late = timeout.value > 0.0 && steady_seconds() - times_.from >= timeout.value;
      late ? watch.fail_late(what, timeout) : watch.fail_broken(what, error.what());
    }
    times_.done = times_.until = steady_seconds();
    if (from_any_) source_ = work_->sourceRank();
    watch.blocked_in("");
  }
  [[nodiscard]] Times times() const override { return times_; }
  [[nodiscard]] int source() const override { return source_; }

 private:
  WorkRef work_;
  bool from_any_;
  Times times_;
  int source_ = -1;
};

class PendingSlice final : public Pending {
 public:
  PendingSlice(PendingPtr reduction, at::Tensor slice, at::Tensor output)
      : reduction_(std::move(reduction)), slice_(std::move(slice)), output_(std::move(output)) {}

  void wait(Watch& watch, const std::string& what, Seconds timeout) override {
    reduction_->wait(watch, what, timeout);
    output_.copy_(slice_);
  }
  [[nodiscard]] Times times() const override { return reduction_->times(); }

 private:
  PendingPtr reduction_;
  at::Tensor slice_, output_;
};

}  // namespace

std::chrono::milliseconds c10d_timeout(Seconds seconds) {
  constexpr std::chrono::milliseconds kNever = std::chrono::hours(24 * 365);
  return seconds.value <= 0.0 ? kNever : std::chrono::milliseconds(static_cast<std::int64_t>(seconds.value * 1e3));
}

PendingPtr pending_collective(const WorkRef& work) { return std::make_unique<PendingCollective>(work); }

PendingPtr pending_on_device(const WorkRef& work, at::Device device, std::function<void()> abort) {
  return std::make_unique<PendingOnDevice>(work, device, std::move(abort));
}

PendingPtr pending_message(const WorkRef& work, bool from_any) {
  return std::make_unique<PendingMessage>(work, from_any);
}

PendingPtr pending_slice(PendingPtr reduction, at::Tensor slice, at::Tensor output) {
  return std::make_unique<PendingSlice>(std::move(reduction), std::move(slice), std::move(output));
}

}  // namespace sac
