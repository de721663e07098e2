#include "engine/fabric/group/server.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <string>

#include "engine/core/error.h"
#include "engine/fabric/group/stream_mark.h"

namespace sac {
namespace {

constexpr int kRequest = 0, kUpdate = 1, kAnswer = 2, kModel = 3;  // tags
constexpr const char* kName = "server";
constexpr Seconds kForEver{};

bool updates(ServerCall call) { return call == ServerCall::kPush || call == ServerCall::kPushPull; }
bool wants_model(ServerCall call) {
  return call == ServerCall::kPull || call == ServerCall::kPushPull || call == ServerCall::kPeek;
}

at::Tensor doubles(std::int64_t count) { return at::empty({count}, at::TensorOptions(at::kDouble)); }

at::Tensor slice(const at::Tensor& flat, const Range& range) { return flat.narrow(0, range.begin, range.size()); }

}  // namespace

ShardService::ShardService(const RankContext& context, const ServerLayout& layout, int index, const at::Tensor& model,
                           const MakeRule& make_rule)
    : context_(&context),
      layout_(layout),
      index_(index),
      shard_(layout.shard(index), slice(model, layout.shard(index)).clone(), make_rule, layout.workers),
      update_(at::empty_like(shard_.parameters())),
      thread_([this] { run(); }) {}

ShardService::~ShardService() { join(); }

void ShardService::join() {
  if (thread_.joinable()) thread_.join();
}

void ShardService::run() {
  try {
    ProcessGroup group(*context_, Backend::kGloo, kName, layout_.rank_of(index_), layout_.workers + layout_.shards);
    serve(group);
  } catch (const ClusterFailure&) {  // the worker's thread says so
  } catch (const std::exception& error) {
    try {
      context_->watch->fail("server shard " + std::to_string(index_) + ": " + error.what());
    } catch (const ClusterFailure&) {
    }
  }
}

void ShardService::serve(ProcessGroup& group) {
  const at::Tensor request = doubles(2);
  for (int open = layout_.workers; open > 0;) {
    const PendingPtr asked = group.recv_any(request, kRequest);
    asked->wait(*context_->watch, "a request", kForEver);
    const double taken_up = context_->time->at(steady_seconds());
    const double* fields = request.const_data_ptr<double>();
    const auto call = static_cast<ServerCall>(static_cast<int>(fields[0]));
    const int worker = asked->source();
    if (call == ServerCall::kLeave) {
      --open;
      continue;
    }
    if (updates(call)) {
      group.recv(update_, worker, kUpdate)->wait(*context_->watch, "an update", context_->timeout);
      shard_.apply(update_, worker, fields[1]);
    }
    answer(group, worker, call, taken_up);
  }
  for (const auto& [worker, answer] : answers_) {
    for (const PendingPtr& send : answer.sends) send->wait(*context_->watch, "an answer", context_->timeout);
  }
}

void ShardService::answer(ProcessGroup& group, int worker, ServerCall call, double taken_up) {
  const auto [found, fresh] = answers_.try_emplace(worker);
  Answer& answer = found->second;
  if (fresh) answer = {.taken_up = doubles(1), .model = at::empty_like(shard_.parameters()), .sends = {}};
  for (const PendingPtr& send : answer.sends) send->wait(*context_->watch, "an answer", context_->timeout);
  answer.sends.clear();
  answer.taken_up.fill_(taken_up);
  answer.sends.push_back(group.send(answer.taken_up, worker, kAnswer));
  if (!wants_model(call)) return;
  if (call == ServerCall::kPeek) {
    answer.model.copy_(shard_.parameters());
  } else {
    shard_.read(worker, answer.model);
  }
  answer.sends.push_back(group.send(answer.model, worker, kModel));
}

GroupServer::GroupServer(RankContext& context, const ServerLayout& layout)
    : context_(&context),
      layout_(layout),
      group_(context, Backend::kGloo, kName, context.launch.rank, layout.workers + layout.shards) {}

void GroupServer::pull(const at::Tensor& parameters) { booked_call(ServerCall::kPull, {}, 0.0, parameters); }
void GroupServer::push(const at::Tensor& update, double lr) { booked_call(ServerCall::kPush, update, lr, {}); }
void GroupServer::push_pull(const at::Tensor& update, double lr, const at::Tensor& parameters) {
  booked_call(ServerCall::kPushPull, update, lr, parameters);
}
void GroupServer::peek(const at::Tensor& parameters) { call(ServerCall::kPeek, {}, 0.0, parameters); }

void GroupServer::leave() {
  const at::Tensor request = doubles(2).fill_(static_cast<double>(ServerCall::kLeave));
  for (int shard = 0; shard < layout_.shards; ++shard) {
    group_.send(request, layout_.rank_of(shard), kRequest)
        ->wait(*context_->watch, "the server's end", context_->timeout);
  }
}

void GroupServer::booked_call(ServerCall kind, const at::Tensor& update, double lr, const at::Tensor& parameters) {
  book(*context_->ledger, call(kind, update, lr, parameters));
  const std::int64_t up = update.defined() ? static_cast<std::int64_t>(update.nbytes()) : 0;
  const std::int64_t down = parameters.defined() ? static_cast<std::int64_t>(parameters.nbytes()) : 0;
  book(*context_->ledger, Traffic{.payload_bytes = up, .wire_bytes = up + down, .messages = 2 * layout_.shards});
}

/// One round trip with every shard, from and to the host's memory.
Exchange GroupServer::call(ServerCall kind, const at::Tensor& given, double lr, const at::Tensor& wanted) {
  const at::Tensor update = given.defined() ? given.cpu() : given;
  const bool staged = wanted.defined() && !wanted.is_cpu();
  const at::Tensor parameters = staged ? at::empty_like(wanted, at::TensorOptions(at::kCPU)) : wanted;
  const double from = steady_seconds();
  const at::Tensor request = doubles(2);
  request[0] = static_cast<double>(kind);
  request[1] = lr;
  std::vector<PendingPtr> works;
  std::vector<at::Tensor> answers;
  for (int shard = 0; shard < layout_.shards; ++shard) {
    const int server = layout_.rank_of(shard);
    works.push_back(group_.send(request, server, kRequest));
    if (updates(kind)) works.push_back(group_.send(slice(update, layout_.shard(shard)), server, kUpdate));
    answers.push_back(doubles(1));
    works.push_back(group_.recv(answers.back(), server, kAnswer));
    if (wants_model(kind)) works.push_back(group_.recv(slice(parameters, layout_.shard(shard)), server, kModel));
  }
  const std::string what = updates(kind) ? "a push to the parameter server" : "a pull from the parameter server";
  for (const PendingPtr& work : works) work->wait(*context_->watch, what, context_->timeout);
  const double until = steady_seconds();
  if (staged) wanted.copy_(parameters);
  const double lead = context_->time->at(from) - from;
  double taken_up = from;
  for (const at::Tensor& answer : answers) taken_up = std::max(taken_up, answer.item<double>() - lead);
  return {.ready = taken_up, .done = until, .from = from, .until = until};
}

}  // namespace sac
