#pragma once
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "engine/fabric/group/executor.h"
#include "engine/fabric/group/rendezvous.h"

namespace sac::test {

/// Runs body(launch) for every rank of a cluster over Gloo, each on a thread of this process; throws what a rank threw.
inline void on_ranks(int size, const std::function<void(const Launch&)>& body) {
  const StoreHost store;
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(size));
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < size; ++rank) {
    ranks.emplace_back([&, rank] {
      try {
        body({.rank = rank,
              .world_size = size,
              .local_rank = rank,
              .local_world_size = size,
              .master_addr = "127.0.0.1",
              .master_port = store.port(),
              .store_hosted = true,
              .launcher = "test"});
      } catch (...) {
        errors[static_cast<std::size_t>(rank)] = std::current_exception();
      }
    });
  }
  for (std::thread& rank : ranks) rank.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace sac::test
