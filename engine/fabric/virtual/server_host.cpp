#include "engine/fabric/virtual/server_host.h"

#include <ATen/ops/empty_like.h>

#include <algorithm>

namespace sac {

ServerHost::ServerHost(const ServerConfig& config, at::Tensor model, const MakeRule& make_rule, int workers,
                       int first_host, Transport& transport, Scheduler& scheduler)
    : service_s_(config.service_s),
      first_host_(first_host),
      model_(std::move(model)),
      transport_(&transport),
      scheduler_(&scheduler) {
  for (std::int64_t i = 0; i < config.shards; ++i) {
    const Range range = shard_range(model_.numel(), i, config.shards);
    hosts_.push_back({ServerShard(range, model_.narrow(0, range.begin, range.size()), make_rule, workers)});
  }
}

std::int64_t ServerHost::part_bytes(const ServerShard& shard) const {
  return shard.range().size() * static_cast<std::int64_t>(model_.element_size());
}

void ServerHost::request(int rank, int host, std::int64_t ticket, const ServerRequest& request) {
  const std::int64_t id = next_operation_++;
  const auto shards = static_cast<std::int64_t>(hosts_.size());
  operations_[id] = {.rank = rank,
                     .host = host,
                     .ticket = ticket,
                     .wants_model = request.wants_model,
                     .lr = request.lr,
                     .update = request.update,
                     .answer = request.wants_model ? at::empty_like(model_) : at::Tensor(),
                     .open = shards};
  const std::int64_t bytes = model_.numel() * static_cast<std::int64_t>(model_.element_size());
  Ticket& asked = scheduler_->ticket(rank, ticket);
  asked.ready = asked.start = scheduler_->now();
  asked.payload_bytes = request.update.defined() ? bytes : 0;
  asked.wire_bytes = asked.payload_bytes + (request.wants_model ? bytes : 0);
  asked.messages = 2 * shards;
  for (std::int64_t shard = 0; shard < shards; ++shard) {
    const std::int64_t part = next_part_++;
    parts_[part] = {.operation = id, .shard = shard};
    transport_->send(
        {.source = host,
         .destination = first_host_ + static_cast<int>(shard),
         .rank = rank,
         .addressee = Addressee::kServer,
         .subject = part,
         .bytes = request.update.defined() ? part_bytes(hosts_[static_cast<std::size_t>(shard)].shard) : 0});
  }
}

void ServerHost::arrived(std::int64_t id) {
  Part& part = parts_.at(id);
  const Operation& operation = operations_.at(part.operation);
  Host& host = host_of(part);
  const double begin = std::max(scheduler_->now(), host.busy_until);
  part.queued = begin - scheduler_->now();
  const bool updates = operation.update.defined();
  host.busy_until = begin + (updates ? service_s_ : 0.0);
  scheduler_->schedule(host.busy_until, operation.rank, Event::Kind::kServed, id);
}

void ServerHost::served(std::int64_t id) {
  Part& part = parts_.at(id);
  Operation& operation = operations_.at(part.operation);
  ServerShard& shard = host_of(part).shard;
  const auto slice = [&shard](const at::Tensor& whole) {
    return whole.narrow(0, shard.range().begin, shard.range().size());
  };
  if (operation.update.defined()) shard.apply(slice(operation.update), operation.rank, operation.lr);
  if (operation.wants_model) shard.read(operation.rank, slice(operation.answer));
  transport_->send({.source = first_host_ + static_cast<int>(part.shard),
                    .destination = operation.host,
                    .rank = operation.rank,
                    .addressee = Addressee::kWorker,
                    .subject = id,
                    .bytes = operation.wants_model ? part_bytes(shard) : 0});
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

void ServerHost::io(Archive& archive) {
  archive.io_in_place(model_);
  for (Host& host : hosts_) host.io(archive);
  archive.io(operations_, parts_, next_operation_, next_part_);
}

}  // namespace sac
