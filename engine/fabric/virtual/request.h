#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/comm/communicator.h"
#include "engine/comm/parameter_server.h"
#include "engine/fabric/virtual/network_model.h"
#include "engine/train/archive.h"
#include "engine/train/endpoint.h"

namespace sac {

// What a worker asks of the simulated world, at its own time. Handled in order of (time, rank, posting): plain data, so
// that nothing depends on which thread was faster.

struct CollectiveRequest {
  CollectiveKind kind = CollectiveKind::kBarrier;
  Reduce op = Reduce::kSum;
  int root = 0;            ///< rank in the group
  std::int64_t group = 0;  ///< communicator id
  at::Tensor tensor{};     ///< this rank's input, borrowed until the ticket is done
};
struct SplitRequest {
  std::int64_t group = 0;
  int color = 0;
};
struct SendRequest {
  std::int64_t group = 0;
  int destination = 0;  ///< global rank
  int tag = 0;
  at::Tensor tensor{};
};
struct ReceiveRequest {
  std::int64_t group = 0;
  int source = 0;  ///< global rank or Communicator::kAnySource
  int tag = 0;
  std::int64_t elements = 0;
};
struct ServerRequest {
  std::vector<at::Tensor> messages{};  ///< a shard; empty for a pull, undefined where it takes none in
  std::vector<std::int64_t> wanted{};  ///< elements of each shard's answer, 0 = none; empty where nobody is asked
  PushNote note{};
  [[nodiscard]] at::Tensor message(std::int64_t shard) const {
    return messages.empty() ? at::Tensor() : messages[static_cast<std::size_t>(shard)];
  }
  [[nodiscard]] std::int64_t answer(std::int64_t shard) const {
    return wanted.empty() ? 0 : wanted[static_cast<std::size_t>(shard)];
  }
  [[nodiscard]] bool calls(std::int64_t shard) const { return message(shard).defined() || answer(shard) > 0; }
  void io(Archive& archive) { archive.io(messages, wanted, note.lr, note.loss); }
};
/// The worker stops, or goes on, sending to the server.
struct PresenceRequest {
  bool present = false;
};
/// A computation that the server may call off; the ticket's value says whether it did.
struct ComputeRequest {
  double seconds = 0.0;
};
struct ReportRequest {
  StepReport report;
  double clock = 0.0;
  std::int64_t wire_bytes = 0;  ///< sent by this worker so far
};
struct ContributeRequest {
  Contribution contribution;
  double clock = 0.0;
  std::int64_t wire_bytes = 0;
};
using Request = std::variant<CollectiveRequest, SplitRequest, SendRequest, ReceiveRequest, ServerRequest,
                             PresenceRequest, ComputeRequest, ReportRequest, ContributeRequest>;

/// The life of one request: [posted, ready) waits for others, [start, end] moves data.
struct Ticket {
  bool done = false;
  bool consumed = false;  ///< its worker has taken the result; not in checkpoints: a resumed one takes it once more
  double posted = 0.0;
  double ready = 0.0;              ///< everyone has arrived; the server has got to it
  double start = 0.0;              ///< its own transfer starts
  double end = 0.0;                ///< the result is there
  at::Tensor result{};             ///< shared by the members, read-only; undefined where there is none
  std::int64_t value = 0;          ///< group id of a split
  std::vector<int> ranks;          ///< members of a split
  std::int64_t payload_bytes = 0;  ///< what this worker asked to send
  std::int64_t wire_bytes = 0;     ///< what was sent on its behalf
  std::int64_t messages = 0;
  std::string what;  ///< "all_reduce of 80202 floats", for the deadlock report
  void io(Archive& archive) {
    archive.io(done, posted, ready, start, end, result, value, ranks, payload_bytes, wire_bytes, messages, what);
  }
};

}  // namespace sac
