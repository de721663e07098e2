#include "engine/fabric/virtual/server_host.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <numeric>

namespace sac {

ServerHost::ServerHost(const ServerConfig& config, at::Tensor model, const MakeRule& make_rule, int workers,
                       int first_host, Transport& transport, Scheduler& scheduler, Computations& computations)
    : config_(config),
      first_host_(first_host),
      model_(std::move(model)),
      transport_(&transport),
      scheduler_(&scheduler),
      computations_(&computations),
      workers_(workers) {
  for (std::int64_t i = 0; i < config.shards; ++i) {
    const Range range = shard_range(model_.numel(), i, config.shards);
    hosts_.push_back({ServerShard(range, model_.narrow(0, range.begin, range.size()), make_rule, workers)});
  }
}

void ServerHost::request(int rank, int host, std::int64_t ticket, const ServerRequest& request) {
  const std::int64_t id = next_operation_++;
  const auto shards = static_cast<std::int64_t>(hosts_.size());
  const std::int64_t down = std::accumulate(request.wanted.begin(), request.wanted.end(), std::int64_t{0});
  operations_[id] = {.rank = rank,
                     .host = host,
                     .ticket = ticket,
                     .lr = request.lr,
                     .messages = request.messages,
                     .wanted = request.wanted,
                     .answer = down > 0 ? at::empty({down}, model_.options()) : at::Tensor(),
                     .open = shards};
  Ticket& asked = scheduler_->ticket(rank, ticket);
  asked.ready = asked.start = scheduler_->now();
  for (const at::Tensor& message : request.messages) asked.payload_bytes += static_cast<std::int64_t>(message.nbytes());
  asked.wire_bytes = asked.payload_bytes + down * static_cast<std::int64_t>(model_.element_size());
  asked.messages = 2 * shards;
  for (std::int64_t shard = 0; shard < shards; ++shard) {
    const std::int64_t part = next_part_++;
    parts_[part] = {.operation = id, .shard = shard};
    const at::Tensor message =
        request.messages.empty() ? at::Tensor() : request.messages[static_cast<std::size_t>(shard)];
    transport_->send({.source = host,
                      .destination = first_host_ + static_cast<int>(shard),
                      .rank = rank,
                      .addressee = Addressee::kServer,
                      .subject = part,
                      .bytes = message.defined() ? static_cast<std::int64_t>(message.nbytes()) : 0});
  }
}

void ServerHost::arrived(std::int64_t id) {
  Part& part = parts_.at(id);
  const Operation& operation = operations_.at(part.operation);
  Host& host = host_of(part);
  const double service = operation.messages.empty() ? 0.0 : config_.service_s;
  if (!config_.locks) {
    if (!operation.messages.empty()) apply_without_lock(part);
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
  const at::Tensor& message = operation.messages[static_cast<std::size_t>(part.shard)];
  host_of(part).shard.apply(message, operation.rank, operation.lr);
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
  if (!operation.messages.empty() && config_.locks) apply(part);
  part.held_at = scheduler_->now();
  if (operation.wanted.empty()) {
    answer(id);
  } else {
    host.held.push_back(id);
  }
  release(part.shard);
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
  std::int64_t bytes = 0;
  if (!operation.wanted.empty()) {
    const auto shard = static_cast<std::ptrdiff_t>(part.shard);
    const std::int64_t offset =
        std::accumulate(operation.wanted.begin(), operation.wanted.begin() + shard, std::int64_t{0});
    const std::int64_t count = operation.wanted[static_cast<std::size_t>(shard)];
    const at::Tensor copy = operation.answer.narrow(0, offset, count);
    host_of(part).shard.read(operation.rank, copy);
    host_of(part).writes.hide(scheduler_->now(), copy);
    computations_->pardon(operation.rank);
    bytes = count * static_cast<std::int64_t>(model_.element_size());
  }
  part.queued += scheduler_->now() - part.held_at;
  transport_->send({.source = first_host_ + static_cast<int>(part.shard),
                    .destination = operation.host,
                    .rank = operation.rank,
                    .addressee = Addressee::kWorker,
                    .subject = id,
                    .bytes = bytes});
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
