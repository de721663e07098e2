#define USE_C10D_GLOO
#include "engine/fabric/group/process_group.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "engine/core/error.h"
#include "engine/fabric/group/c10d_store.h"

namespace sac {
namespace {

using namespace std::chrono_literals;

/// c10d's own time-outs are out of the way: ours know who is missing.
constexpr std::chrono::milliseconds kNever = std::chrono::hours(24 * 365);

std::chrono::milliseconds milliseconds(Seconds seconds) {
  return seconds.value <= 0.0 ? kNever : std::chrono::milliseconds(static_cast<std::int64_t>(seconds.value * 1e3));
}

std::string within(Seconds timeout) {
  return "did not end within " + std::to_string(static_cast<std::int64_t>(timeout.value)) + " s";
}

/// A collective: its future tells when it is done.
class PendingCollective final : public Pending {
 public:
  explicit PendingCollective(c10::intrusive_ptr<c10d::Work> work)
      : work_(std::move(work)), state_(std::make_shared<State>()) {
    work_->getFuture()->addCallback([state = state_](c10::ivalue::Future& future) {
      const std::lock_guard lock(state->mutex);
      state->done_at = steady_seconds();
      if (future.hasError()) state->error = future.tryRetrieveErrorMessage();
      state->done = true;
      state->changed.notify_all();
    });
  }

  void wait(Watch& watch, const std::string& what, Seconds timeout) override {
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
      state_->changed.wait_for(lock, milliseconds(timeout), [this] { return state_->done || state_->cut; });
      lock.unlock();
      if (!state_->done) watch.failed() ? watch.throw_failure() : watch.fail_in(what, within(timeout));
      watch.blocked_in("");
      lock.lock();
    }
    if (state_->error.empty()) return;
    const std::string error = state_->error.substr(0, state_->error.find('\n'));
    lock.unlock();
    watch.fail_in(what, "failed (" + error + ")");
  }
  [[nodiscard]] double done_at() const override { return state_->done_at; }
  [[nodiscard]] int source() const override { return -1; }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    bool cut = false;
    double done_at = 0.0;
    std::string error;
  };
  c10::intrusive_ptr<c10d::Work> work_;
  std::shared_ptr<State> state_;
};

/// A reduce-scatter, as Gloo does it, too: an all-reduce of which each rank keeps its slice.
class PendingSlice final : public Pending {
 public:
  PendingSlice(PendingPtr reduction, at::Tensor slice, at::Tensor output)
      : reduction_(std::move(reduction)), slice_(std::move(slice)), output_(std::move(output)) {}

  void wait(Watch& watch, const std::string& what, Seconds timeout) override {
    reduction_->wait(watch, what, timeout);
    output_.copy_(slice_);
  }
  [[nodiscard]] double done_at() const override { return reduction_->done_at(); }
  [[nodiscard]] int source() const override { return -1; }

 private:
  PendingPtr reduction_;
  at::Tensor slice_, output_;
};

/// A message: only its own wait knows when it is done.
class PendingMessage final : public Pending {
 public:
  PendingMessage(c10::intrusive_ptr<c10d::Work> work, bool from_any) : work_(std::move(work)), from_any_(from_any) {}

  void wait(Watch& watch, const std::string& what, Seconds timeout) override {
    watch.blocked_in(what);
    const double begin = steady_seconds();
    try {
      const Watch::Guard guard(watch, [work = work_] { work->abort(); });
      if (watch.failed() || !work_->wait(milliseconds(timeout))) watch.throw_failure();
    } catch (const ClusterFailure&) {
      throw;
    } catch (const std::exception& error) {
      const bool late = timeout.value > 0.0 && steady_seconds() - begin >= timeout.value;
      watch.fail_in(what, late ? within(timeout) : "failed (" + first_line(error) + ")");
    }
    done_at_ = steady_seconds();
    if (from_any_) source_ = work_->sourceRank();
    watch.blocked_in("");
  }
  [[nodiscard]] double done_at() const override { return done_at_; }
  [[nodiscard]] int source() const override { return source_; }

 private:
  c10::intrusive_ptr<c10d::Work> work_;
  bool from_any_;
  double done_at_ = 0.0;
  int source_ = -1;
};

/// This machine's address on the way to `host`, or "" where there is none.
std::string address_towards(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), "9", &hints, &found) != 0) return "";
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> release(found, &freeaddrinfo);
  const int socket_fd = socket(found->ai_family, SOCK_DGRAM, 0);
  if (socket_fd < 0) return "";
  sockaddr_storage mine{};
  socklen_t length = sizeof mine;
  char text[NI_MAXHOST] = "";
  if (connect(socket_fd, found->ai_addr, found->ai_addrlen) == 0 &&
      getsockname(socket_fd, reinterpret_cast<sockaddr*>(&mine), &length) == 0) {
    getnameinfo(reinterpret_cast<sockaddr*>(&mine), length, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  }
  close(socket_fd);
  return text;
}

std::shared_ptr<gloo::transport::Device> gloo_device(const std::string& host) {
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME"); interface != nullptr && *interface != '\0') {
    return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
  }
  const std::string address = address_towards(host);
  return address.empty() ? c10d::ProcessGroupGloo::createDefaultDevice()
                         : c10d::ProcessGroupGloo::createDeviceForHostname(address);
}

/// c10d's flight recorder keeps the last operations for a debugger, and enters them in a map that nothing locks: ranks
/// here use several groups from several threads.
void switch_off_flight_recorder() {
  static const bool done = setenv("TORCH_FR_BUFFER_SIZE", "0", 1) == 0;
  static_cast<void>(done);
}

c10::intrusive_ptr<c10d::Backend> make_gloo(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                            const std::string& host, Seconds timeout) {
  auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(timeout));
  options->devices.push_back(gloo_device(host));
  auto group = c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options);
  group->setTimeout(kNever);
  return group;
}

c10d::ReduceOp reduce_op(Reduce op) { return op == Reduce::kMax ? c10d::ReduceOp::MAX : c10d::ReduceOp::SUM; }

PendingPtr collective(c10::intrusive_ptr<c10d::Work> work) {
  return std::make_unique<PendingCollective>(std::move(work));
}

}  // namespace

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct ProcessGroup::Impl {
  c10::intrusive_ptr<c10d::Backend> backend;
};

ProcessGroup::ProcessGroup(Backend backend, const Rendezvous& store, const std::string& name, int rank, int size,
                           const std::string& host, Seconds timeout)
    : impl_(std::make_unique<Impl>()) {
  if (backend == Backend::kNccl) throw Error(ExitCode::kBackend, "this build has no NCCL; choices: gloo");
  switch_off_flight_recorder();
  const Rendezvous own = store.clone();  // c10d keeps it, and its threads use it
  auto prefixed = c10::make_intrusive<c10d::PrefixStore>("group/" + name, own.impl().store);
  try {
    impl_->backend = make_gloo(prefixed, rank, size, host, timeout);
  } catch (const std::exception& error) {
    throw CommunicationError("rank " + std::to_string(rank) + " cannot connect the group '" + name + "' of " +
                             std::to_string(size) + " ranks: " + first_line(error));
  }
}

/// c10d's threads may wait for a rank that hangs: after a failure they are left to the end of the process.
ProcessGroup::~ProcessGroup() {
  if (std::uncaught_exceptions() > 0) static_cast<void>(impl_.release());
}
ProcessGroup::ProcessGroup(ProcessGroup&&) noexcept = default;
int ProcessGroup::rank() const { return impl_->backend->getRank(); }
int ProcessGroup::size() const { return impl_->backend->getSize(); }

PendingPtr ProcessGroup::all_reduce(const at::Tensor& tensor, Reduce op) {
  std::vector<at::Tensor> tensors{tensor};
  c10d::AllreduceOptions options;
  options.reduceOp = reduce_op(op);
  return collective(impl_->backend->allreduce(tensors, options));
}

PendingPtr ProcessGroup::broadcast(const at::Tensor& tensor, int root) {
  std::vector<at::Tensor> tensors{tensor};
  c10d::BroadcastOptions options;
  options.rootRank = root;
  return collective(impl_->backend->broadcast(tensors, options));
}

PendingPtr ProcessGroup::all_gather(const at::Tensor& input, const at::Tensor& output) {
  at::Tensor from = input;
  at::Tensor to = output;
  return collective(impl_->backend->_allgather_base(to, from));
}

PendingPtr ProcessGroup::reduce_scatter(const at::Tensor& input, const at::Tensor& output, Reduce op) {
  const at::Tensor whole = input.clone();
  const std::int64_t size = output.numel();
  return std::make_unique<PendingSlice>(all_reduce(whole, op), whole.narrow(0, rank() * size, size), output);
}

PendingPtr ProcessGroup::barrier() { return collective(impl_->backend->barrier()); }

PendingPtr ProcessGroup::send(const at::Tensor& tensor, int destination, int tag) {
  std::vector<at::Tensor> tensors{tensor};
  return std::make_unique<PendingMessage>(impl_->backend->send(tensors, destination, tag), false);
}

PendingPtr ProcessGroup::recv(const at::Tensor& tensor, int source, int tag) {
  std::vector<at::Tensor> tensors{tensor};
  return std::make_unique<PendingMessage>(impl_->backend->recv(tensors, source, tag), false);
}

PendingPtr ProcessGroup::recv_any(const at::Tensor& tensor, int tag) {
  std::vector<at::Tensor> tensors{tensor};
  return std::make_unique<PendingMessage>(impl_->backend->recvAnysource(tensors, tag), true);
}

}  // namespace sac
