#include "experiments/plain_server.h"

#include <algorithm>
#include <utility>

namespace sac {

PlainServer::PlainServer(const PlainRule& rule, Draw draw, std::int64_t steps, std::uint64_t seed)
    : rule_(rule), draw_(std::move(draw)), present_(rule.workers) {
  for (int rank = 0; rank < rule.workers; ++rank) {
    workers_.push_back(
        {.stream = RandomStream(seed, static_cast<std::uint32_t>(rank), Purpose::kComputeTime), .left = steps});
  }
  for (Worker& worker : workers_) begin(worker);
}

void PlainServer::begin(Worker& worker) {
  worker.waits = false;
  worker.computes = worker.left > 0;
  if (!worker.computes) {
    --present_;
    return;
  }
  --worker.left;
  worker.read_at = changes_;
  worker.done = now_ + draw_(worker.stream);
}

void PlainServer::run(std::int64_t changes) {
  while (present_ > 0 && changes_ != changes) {
    Worker* first = nullptr;
    for (Worker& worker : workers_) {
      if (worker.computes && (first == nullptr || worker.done < first->done)) first = &worker;
    }
    push(*first);
  }
}

int PlainServer::needed() const {
  return rule_.waits ? std::min(rule_.gradients, std::max(present_, 1)) : rule_.gradients;
}

void PlainServer::push(Worker& worker) {
  now_ = worker.done;
  worker.computes = false;
  worker.waits = rule_.waits;
  ++staleness_[changes_ - worker.read_at];
  if (++collected_ < needed()) {
    if (!worker.waits) begin(worker);
    return;
  }
  collected_ = 0;
  ++changes_;
  for (Worker& other : workers_) {
    if (&other == &worker || other.waits || (rule_.drops && other.computes)) begin(other);
  }
}

}  // namespace sac
