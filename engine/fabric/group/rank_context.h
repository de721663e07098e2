#pragma once
#include <c10/core/Device.h>

#include <vector>

#include "engine/comm/ledger.h"
#include "engine/core/units.h"
#include "engine/fabric/group/launch.h"
#include "engine/fabric/group/rendezvous.h"
#include "engine/fabric/group/watch.h"

namespace sac {

class ClusterTime;
class GroupCommunicator;

/// What carries a group's tensors: Gloo those of the CPU, NCCL those of a GPU.
enum class Backend { kGloo, kNccl };

/// What everything that communicates on one rank shares.
struct RankContext {
  Launch launch{};
  Backend backend = Backend::kGloo;  ///< of the workers' groups
  at::Device device = at::kCPU;      ///< of the worker's tensors
  Seconds timeout{};
  Rendezvous* store = nullptr;
  Watch* watch = nullptr;
  ClusterTime* time = nullptr;
  Ledger* ledger = nullptr;
  std::vector<GroupCommunicator*> communicators{};  ///< in order of their making
};

}  // namespace sac
