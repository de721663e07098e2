#include "engine/fabric/calibration/exchange.h"

#include <ATen/ops/zeros.h>

#include <algorithm>

namespace sac {

const char* exchange_name(Exchange exchange) {
  switch (exchange) {
    case Exchange::kAllReduce: return "all_reduce";
    case Exchange::kBroadcast: return "broadcast";
    case Exchange::kAllGather: return "all_gather";
    case Exchange::kReduceScatter: return "reduce_scatter";
    case Exchange::kSend: return "send";
  }
  return "";
}

double bus_factor(Exchange exchange, int ranks) {
  const double p = ranks;
  switch (exchange) {
    case Exchange::kAllReduce: return 2.0 * (p - 1.0) / p;
    case Exchange::kAllGather:
    case Exchange::kReduceScatter: return (p - 1.0) / p;
    case Exchange::kBroadcast:
    case Exchange::kSend: break;
  }
  return 1.0;
}

ExchangeCall prepare_exchange(Exchange exchange, Communicator& comm, std::int64_t bytes, at::TensorOptions options) {
  constexpr std::int64_t kElement = 4;
  const bool in_slices = exchange == Exchange::kAllGather || exchange == Exchange::kReduceScatter;
  const std::int64_t parts = in_slices ? comm.size() : 1;
  const std::int64_t slice = std::max<std::int64_t>(1, bytes / kElement / parts);
  const at::Tensor whole = at::zeros({slice * parts}, options.dtype(at::kFloat));
  const at::Tensor part = in_slices ? at::zeros({slice}, options.dtype(at::kFloat)) : at::Tensor();
  ExchangeCall call{.bytes = slice * parts * kElement};
  switch (exchange) {
    case Exchange::kAllReduce: call.run = [&comm, whole] { comm.all_reduce(whole, Reduce::kSum); }; break;
    case Exchange::kBroadcast: call.run = [&comm, whole] { comm.broadcast(whole, 0); }; break;
    case Exchange::kAllGather: call.run = [&comm, whole, part] { comm.all_gather(part, whole); }; break;
    case Exchange::kReduceScatter:
      call.run = [&comm, whole, part] { comm.reduce_scatter(whole, part, Reduce::kSum); };
      break;
    case Exchange::kSend:
      if (comm.rank() == 0) call.run = [&comm, whole] { comm.send(whole, 1); };
      if (comm.rank() == 1) call.run = [&comm, whole] { comm.recv(whole, 0); };
      call.part = {.arrives = comm.rank() <= 1, .ends = comm.rank() == 1};
      break;
  }
  return call;
}

}  // namespace sac
