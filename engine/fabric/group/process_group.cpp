#include "engine/fabric/group/process_group.h"

#include <cstdlib>
#include <exception>
#include <mutex>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <vector>

#include "engine/core/error.h"
#include "engine/fabric/group/c10d_backend.h"
#include "engine/fabric/group/c10d_store.h"

namespace sac {
namespace {

/// c10d's flight recorder keeps the last operations for a debugger, and enters them in a map that nothing locks: ranks
/// here use several groups from several threads.
void switch_off_flight_recorder() {
  static const bool done = setenv("TORCH_FR_BUFFER_SIZE", "0", 1) == 0;
  static_cast<void>(done);
}

/// Groups that are never taken down.
template <class Group>
void leave_behind(Group* group) {
  static std::mutex mutex;
  static auto* const all = new std::vector<Group*>;
  const std::lock_guard lock(mutex);
  all->push_back(group);
}

c10d::ReduceOp reduce_op(Reduce op) { return op == Reduce::kMax ? c10d::ReduceOp::MAX : c10d::ReduceOp::SUM; }

}  // namespace

struct ProcessGroup::Impl {
  BackendRef backend;
  at::Device device = at::kCPU;  ///< of its tensors
};

ProcessGroup::ProcessGroup(const RankContext& context, Backend backend, const std::string& name, int rank, int size)
    : impl_(std::make_unique<Impl>()) {
  switch_off_flight_recorder();
  const Rendezvous own = context.store->clone();  // c10d keeps it, and its threads use it
  const bool nccl = backend == Backend::kNccl;
  if (nccl) impl_->device = context.device;
  const GroupSeat seat{.store = c10::make_intrusive<c10d::PrefixStore>("group/" + name, own.impl().store),
                       .rank = rank,
                       .size = size,
                       .host = context.launch.master_addr,
                       .timeout = context.timeout,
                       .device = impl_->device,
                       .ranks_here = context.launch.local_world_size};
  try {
    impl_->backend = nccl ? make_nccl(seat) : make_gloo(seat);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw CommunicationError("rank " + std::to_string(rank) + " cannot connect the group '" + name + "' of " +
                             std::to_string(size) + " ranks: " + first_line(error));
  }
}

/// c10d's threads may wait for a rank that hangs: after a failure they are left to the end of the process.
ProcessGroup::~ProcessGroup() {
  if (impl_ && std::uncaught_exceptions() > 0) leave_behind(impl_.release());
}
ProcessGroup::ProcessGroup(ProcessGroup&&) noexcept = default;
int ProcessGroup::rank() const { return impl_->backend->getRank(); }
int ProcessGroup::size() const { return impl_->backend->getSize(); }

PendingPtr ProcessGroup::collective(const WorkRef& work) {
  if (impl_->device.is_cpu()) return pending_collective(work);
  return pending_on_device(work, impl_->device, [backend = impl_->backend] { backend->abort(); });
}

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

/// Gloo's is an all-reduce of which each rank keeps its slice, too.
PendingPtr ProcessGroup::reduce_scatter(const at::Tensor& input, const at::Tensor& output, Reduce op) {
  if (!impl_->device.is_cpu()) {
    at::Tensor from = input;
    at::Tensor to = output;
    c10d::ReduceScatterOptions options;
    options.reduceOp = reduce_op(op);
    return collective(impl_->backend->_reduce_scatter_base(to, from, options));
  }
  const at::Tensor whole = input.clone();
  const std::int64_t size = output.numel();
  return pending_slice(all_reduce(whole, op), whole.narrow(0, rank() * size, size), output);
}

PendingPtr ProcessGroup::barrier() { return collective(impl_->backend->barrier()); }

PendingPtr ProcessGroup::send(const at::Tensor& tensor, int destination, int tag) {
  std::vector<at::Tensor> tensors{tensor};
  return pending_message(impl_->backend->send(tensors, destination, tag), false);
}

PendingPtr ProcessGroup::recv(const at::Tensor& tensor, int source, int tag) {
  std::vector<at::Tensor> tensors{tensor};
  return pending_message(impl_->backend->recv(tensors, source, tag), false);
}

PendingPtr ProcessGroup::recv_any(const at::Tensor& tensor, int tag) {
  std::vector<at::Tensor> tensors{tensor};
  return pending_message(impl_->backend->recvAnysource(tensors, tag), true);
}

}  // namespace sac
