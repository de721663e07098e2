#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/comm/communicator.h"
#include "engine/core/units.h"
#include "engine/fabric/group/rendezvous.h"
#include "engine/fabric/group/watch.h"

namespace sac {

/// Seconds of the machine's steady clock.
double steady_seconds();

/// One c10d operation under way.
class Pending {
 public:
  virtual ~Pending() = default;
  /// Blocks until it is done.  @param what  names it in errors.  @param timeout  0 = for ever.
  /// @throws ClusterFailure  it broke, it took too long, or a rank failed elsewhere.
  virtual void wait(Watch& watch, const std::string& what, Seconds timeout) = 0;
  /// Steady seconds at which it was done; after wait.
  [[nodiscard]] virtual double done_at() const = 0;
  /// Who sent what was received from anybody; after wait.
  [[nodiscard]] virtual int source() const = 0;
};
using PendingPtr = std::unique_ptr<Pending>;

/// What carries a group's tensors.
enum class Backend { kGloo, kNccl };

/// A c10d process group: the one door to PyTorch's collectives. Calls are non-blocking; tensors are borrowed until the
/// operation is done. Several groups of one process are independent. One thread at a time.
class ProcessGroup {
 public:
  /// Collective: connects this rank to all others of the group.
  /// @param name  of the group, equal on all its ranks and unlike any other's.  @param host  the store's address: the
  /// group listens where this machine reaches it, unless GLOO_SOCKET_IFNAME names an interface.
  /// @throws CommunicationError  a rank does not come.
  ProcessGroup(Backend backend, const Rendezvous& store, const std::string& name, int rank, int size,
               const std::string& host, Seconds timeout);
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
  std::unique_ptr<Impl> impl_;
};

}  // namespace sac
