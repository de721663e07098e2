#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/comm/communicator.h"

namespace sac {

/// What calibration measures of a network.
enum class Exchange { kAllReduce, kBroadcast, kAllGather, kReduceScatter, kSend };

inline constexpr std::array kExchanges{Exchange::kAllReduce, Exchange::kBroadcast, Exchange::kAllGather,
                                       Exchange::kReduceScatter, Exchange::kSend};

/// "all_reduce", ...: also the name of its table in [cluster.network].
const char* exchange_name(Exchange exchange);

/// nccl-tests' bus bandwidth over its algorithm bandwidth (bytes / seconds): what the busiest link carries.
double bus_factor(Exchange exchange, int ranks);

/// Which of a rank's moments count: everybody waits for the last arrival; a message has passed when its receiver has
/// it.
struct Part {
  bool arrives = true;
  bool ends = true;
};

/// One rank's part of an exchange of about `bytes`: of the whole vector, as nccl-tests counts (all-gather's output,
/// reduce-scatter's input); `send` goes from rank 0 to rank 1.
struct ExchangeCall {
  std::int64_t bytes = 0;  ///< exactly
  Part part{};
  std::function<void()> run = [] {};  ///< blocks until this rank's part is done
};

/// @param options  device of the buffers; their dtype is float32.
ExchangeCall prepare_exchange(Exchange exchange, Communicator& comm, std::int64_t bytes, at::TensorOptions options);

/// What one size took, in seconds.
struct SizeCost {
  std::int64_t bytes = 0;
  double seconds = 0.0;         ///< median, back to back
  double rested_seconds = 0.0;  ///< median after a rest; equal to `seconds` where it was not measured
};

/// One kind of exchange over the sizes, ascending.
struct ExchangeCurve {
  Exchange exchange = Exchange::kAllReduce;
  std::vector<SizeCost> sizes;
};

}  // namespace sac
