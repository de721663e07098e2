#pragma once
#include <c10/core/Device.h>

#include <string>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "engine/core/units.h"

namespace sac {

/// One rank's place in a group that c10d is to connect.
struct GroupSeat {
  c10::intrusive_ptr<c10d::Store> store;  ///< the group's own names
  int rank = 0;
  int size = 1;
  std::string host;   ///< the store's address
  Seconds timeout{};  ///< of connecting
  at::Device device = at::kCPU;
  int ranks_here = 1;  ///< on this machine
};

using BackendRef = c10::intrusive_ptr<c10d::Backend>;

/// Listens on the interface by which this machine reaches the store, unless GLOO_SOCKET_IFNAME names another.
BackendRef make_gloo(const GroupSeat& seat);
/// @throws Error (ExitCode::kBackend)  this build has no NCCL.
BackendRef make_nccl(const GroupSeat& seat);

}  // namespace sac
