#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "engine/comm/communicator.h"
#include "engine/fabric/group/pending.h"
#include "engine/fabric/group/rank_context.h"

namespace sac {

/// A c10d process group: the one door to PyTorch's collectives. Calls are non-blocking; tensors are borrowed until the
/// operation is done. Over Gloo they lie on the CPU; over NCCL on the context's device, and there are collectives only.
/// Several groups of one process are independent. One thread at a time.
class ProcessGroup {
 public:
  /// Collective: connects this rank to all others of the group.
  /// @param name  of the group, equal on all its ranks and unlike any other's.
  /// @throws CommunicationError  a rank does not come.  @throws Error (ExitCode::kBackend)  this build has no NCCL.
  ProcessGroup(const RankContext& context, Backend backend, const std::string& name, int rank, int size);
  ~ProcessGroup();
  ProcessGroup(ProcessGroup&&) noexcept;

  [[nodiscard]] int rank() const;
  [[nodiscard]] int size() const;

  PendingPtr all_reduce(const at::Tensor& tensor, Reduce op);  ///< kMean sums; the caller divides
  PendingPtr broadcast(const at::Tensor& tensor, int root);
  PendingPtr all_gather(const at::Tensor& input, const at::Tensor& output);
  PendingPtr reduce_scatter(const at::Tensor& input, const at::Tensor& output, Reduce op);
  PendingPtr barrier();
  PendingPtr send(const at::Tensor& tensor, int destination, int tag);
  PendingPtr recv(const at::Tensor& tensor, int source, int tag);
  PendingPtr recv_any(const at::Tensor& tensor, int tag);

 private:
  struct Impl;
  PendingPtr collective(const WorkRef& work);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sac
