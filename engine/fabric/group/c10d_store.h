#pragma once
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "engine/fabric/group/rendezvous.h"

namespace sac {

/// c10d's store behind a Rendezvous. Costs seconds to compile: for rendezvous.cpp and process_group.cpp only.
struct Rendezvous::Impl {
  c10::intrusive_ptr<c10d::Store> tcp;    ///< to clone
  c10::intrusive_ptr<c10d::Store> store;  ///< the same, names prefixed
  std::string prefix;
  bool hosts = false;  ///< of this process
};

}  // namespace sac
