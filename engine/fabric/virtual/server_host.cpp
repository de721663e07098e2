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
  const std::int64_t size = model_.numel();
  for (std::int64_t i = 0; i < config.shards; ++i) {
    Shard shard{.range = {size * i / config.shards, size * (i + 1) / config.shards},
                .pulled = std::vector<std::int64_t>(static_cast<std::size_t>(workers), 0)};
    shard.parameters = model_.narrow(0, shard.range.begin, shard.range.size());
    shard.rule = make_rule(shard.parameters);
    shards_.push_back(std::move(shard));
  }
}

std::int64_t ServerHost::part_bytes(const Shard& shard) const {
  return shard.range.size() * static_cast<std::int64_t>(model_.element_size());
}

void ServerHost::request(int rank, int host, std::int64_t ticket, const ServerRequest& request) {
  const std::int64_t id = next_operation_++;
  const auto shards = static_cast<std::int64_t>(shards_.size());
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
    transport_->send({.source = host,
                      .destination = first_host_ + static_cast<int>(shard),
                      .rank = rank,
                      .addressee = Addressee::kServer,
                      .subject = part},
                     request.update.defined() ? part_bytes(shards_[static_cast<std::size_t>(shard)]) : 0);
  }
}

void ServerHost::arrived(std::int64_t id) {
  Part& part = parts_.at(id);
  const Operation& operation = operations_.at(part.operation);
  Shard& shard = shards_[static_cast<std::size_t>(part.shard)];
  const double begin = std::max(scheduler_->now(), shard.busy_until);
  part.queued = begin - scheduler_->now();
  const bool updates = operation.update.defined();
  shard.busy_until = begin + (updates ? service_s_ : 0.0);
  scheduler_->schedule(shard.busy_until, operation.rank, Event::Kind::kServed, id);
}

void ServerHost::served(std::int64_t id) {
  Part& part = parts_.at(id);
  Operation& operation = operations_.at(part.operation);
  Shard& shard = shards_[static_cast<std::size_t>(part.shard)];
  if (operation.update.defined()) apply(operation, shard);
  if (operation.wants_model) {
    operation.answer.narrow(0, shard.range.begin, shard.range.size()).copy_(shard.parameters);
    shard.pulled[static_cast<std::size_t>(operation.rank)] = shard.version;
  }
  transport_->send({.source = first_host_ + static_cast<int>(part.shard),
                    .destination = operation.host,
                    .rank = operation.rank,
                    .addressee = Addressee::kWorker,
                    .subject = id},
                   operation.wants_model ? part_bytes(shard) : 0);
}

void ServerHost::apply(Operation& operation, Shard& shard) {
  const std::int64_t staleness = shard.version - shard.pulled[static_cast<std::size_t>(operation.rank)];
  shard.rule->apply({.value = operation.update.narrow(0, shard.range.begin, shard.range.size()),
                     .worker = operation.rank,
                     .lr = operation.lr,
                     .staleness = staleness});
  ++shard.version;
  if (&shard == &shards_.front()) ++staleness_[staleness];
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
  for (Shard& shard : shards_) {
    shard.io(archive);
    shard.rule->io(archive);
  }
  archive.io(operations_, parts_, next_operation_, next_part_, staleness_);
}

}  // namespace sac
