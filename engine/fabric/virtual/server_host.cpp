#include "engine/fabric/virtual/server_host.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <numeric>

namespace sac {

ServerHost::ServerHost(const ServerConfig& config, bool beside_workers, at::Tensor model, const MakeRule& make_rule,
                       int workers, const std::vector<int>& places, Transport& transport, Scheduler& scheduler,
                       Computations& computations)
    : config_(config),
      beside_workers_(beside_workers),
      model_(std::move(model)),
      transport_(&transport),
      scheduler_(&scheduler),
      computations_(&computations),
      workers_(workers) {
  const auto shards = static_cast<std::int64_t>(places.size());
  for (std::int64_t i = 0; i < shards; ++i) {
    const Range range = shard_range(model_.numel(), i, shards);
    at::Tensor part = model_.narrow(0, range.begin, range.size());
    hosts_.push_back({.shard = ServerShard(static_cast<int>(i), std::move(part), make_rule, workers),
                      .place = places[static_cast<std::size_t>(i)]});
  }
}

void ServerHost::request(int rank, int host, std::int64_t ticket, const ServerRequest& request) {
  const std::int64_t id = next_operation_++;
  const std::int64_t down = std::accumulate(request.wanted.begin(), request.wanted.end(), std::int64_t{0});
  Operation& operation = operations_[id] = {.rank = rank,
                                            .host = host,
                                            .ticket = ticket,
                                            .request = request,
                                            .answer = down > 0 ? at::empty({down}, model_.options()) : at::Tensor()};
  Ticket& asked = scheduler_->ticket(rank, ticket);
  asked.ready = asked.start = scheduler_->now();
  const auto shards = static_cast<std::int64_t>(hosts_.size());
  for (std::int64_t shard = 0; shard < shards; ++shard) operation.open += request.calls(shard) ? 1 : 0;
  for (std::int64_t shard = 0; shard < shards; ++shard) {
    if (request.calls(shard)) send(id, shard, asked);
  }
}

void ServerHost::send(std::int64_t operation_id, std::int64_t shard, Ticket& asked) {
  const Operation& operation = operations_.at(operation_id);
  const std::int64_t id = next_part_++;
  parts_[id] = {.operation = operation_id, .shard = shard};
  if (at_hand(operation.rank, shard)) return arrived(id);
  const at::Tensor message = operation.request.message(shard);
  const std::int64_t bytes = message.defined() ? static_cast<std::int64_t>(message.nbytes()) : 0;
  asked.payload_bytes += bytes;
  asked.wire_bytes += bytes + answer_bytes(operation, shard);
  asked.messages += 2;
  transport_->send({.source = operation.host,
                    .destination = host_of(parts_[id]).place,
                    .rank = operation.rank,
                    .addressee = Addressee::kServer,
                    .subject = id,
                    .bytes = bytes});
}

void ServerHost::arrived(std::int64_t id) {
  Part& part = parts_.at(id);
  const Operation& operation = operations_.at(part.operation);
  Host& host = host_of(part);
  const bool updates = operation.request.message(part.shard).defined();
  const double service = updates ? config_.service_s : 0.0;
  if (!config_.locks) {
    if (updates) apply_without_lock(part);
    scheduler_->schedule(scheduler_->now() + service, operation.rank, Event::Kind::kServed, id);
    return;
  }
  const double begin = std::max(scheduler_->now(), host.busy_until);
  part.queued = begin - scheduler_->now();
  host.busy_until = begin + service;
  scheduler_->schedule(host.busy_until, operation.rank, Event::Kind::kServed, id);
}

void ServerHost::apply(const Part& part) {
  const Operation& operation = operations_.at(part.operation);
  host_of(part).shard.apply(operation.request.message(part.shard), operation.rank, operation.request.note,
                            scheduler_->now());
}

void ServerHost::apply_without_lock(const Part& part) {
  Host& host = host_of(part);
  const at::Tensor before = host.shard.parameters().clone();
  apply(part);
  const double now = scheduler_->now();
  host.writes.add(now, now + config_.service_s, before, host.shard.parameters());
}

void ServerHost::served(std::int64_t id) {
  Part& part = parts_.at(id);
  const Operation& operation = operations_.at(part.operation);
  Host& host = host_of(part);
  if (operation.request.message(part.shard).defined() && config_.locks) apply(part);
  part.held_at = scheduler_->now();
  const std::int64_t shard = part.shard;
  if (operation.request.answer(part.shard) == 0) {
    answer(id);
  } else {
    host.held.push_back(id);
  }
  release(shard);
}

/// Answers whoever may read, and calls off what has become useless.
void ServerHost::release(std::int64_t shard) {
  Host& host = hosts_[static_cast<std::size_t>(shard)];
  std::vector<std::int64_t> held;
  held.swap(host.held);
  for (const std::int64_t id : held) {
    const bool ready = host.shard.may_read(operations_.at(parts_.at(id).operation).rank);
    ready ? answer(id) : host.held.push_back(id);
  }
  for (int rank = 0; rank < workers_; ++rank) {
    if (host.shard.in_vain(rank)) computations_->call_off(rank);
  }
}

void ServerHost::answer(std::int64_t id) {
  Part& part = parts_.at(id);
  const Operation& operation = operations_.at(part.operation);
  const std::int64_t count = operation.request.answer(part.shard);
  if (count > 0) {
    const std::vector<std::int64_t>& wanted = operation.request.wanted;
    const auto before = wanted.begin() + static_cast<std::ptrdiff_t>(part.shard);
    const std::int64_t offset = std::accumulate(wanted.begin(), before, std::int64_t{0});
    const at::Tensor copy = operation.answer.narrow(0, offset, count);
    host_of(part).shard.read(operation.rank, copy);
    host_of(part).writes.hide(scheduler_->now(), copy);
    computations_->pardon(operation.rank);
  }
  part.queued += scheduler_->now() - part.held_at;
  if (at_hand(operation.rank, part.shard)) return answered(id);
  transport_->send({.source = host_of(part).place,
                    .destination = operation.host,
                    .rank = operation.rank,
                    .addressee = Addressee::kWorker,
                    .subject = id,
                    .bytes = answer_bytes(operation, part.shard)});
}

void ServerHost::answered(std::int64_t id) {
  const Part part = parts_.extract(id).mapped();
  Operation& operation = operations_.at(part.operation);
  Ticket& ticket = scheduler_->ticket(operation.rank, operation.ticket);
  ticket.ready = std::max(ticket.ready, ticket.posted + part.queued);
  ticket.start = ticket.ready;
  if (--operation.open > 0) return;
  ticket.result = operation.answer;
  scheduler_->complete(operation.rank, operation.ticket);
  operations_.erase(part.operation);
}

void ServerHost::presence(int rank, bool present) {
  for (std::size_t shard = 0; shard < hosts_.size(); ++shard) {
    present ? hosts_[shard].shard.come_back(rank) : hosts_[shard].shard.leave(rank);
    release(static_cast<std::int64_t>(shard));
  }
}

void ServerHost::io(Archive& archive) {
  archive.io_in_place(model_);
  for (Host& host : hosts_) host.io(archive);
  archive.io(operations_, parts_, next_operation_, next_part_);
}

}  // namespace sac
