#include "engine/fabric/group/server.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <optional>
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

constexpr int kFields = 5;

at::Tensor request_of(ServerCall kind, const PushNote& note, const at::Tensor& message) {
  at::Tensor request = doubles(kFields).zero_();
  auto* fields = request.mutable_data_ptr<double>();
  fields[0] = static_cast<double>(kind);
  if (!message.defined()) return request;
  fields[1] = static_cast<double>(message.numel());
  fields[2] = static_cast<double>(message.scalar_type());
  fields[3] = note.lr;
  fields[4] = note.loss;
  return request;
}

/// What is asked of one shard; nothing where neither is defined.
std::optional<ServerCall> call_of(const at::Tensor& message, const at::Tensor& answer) {
  if (message.defined()) return answer.defined() ? ServerCall::kPushPull : ServerCall::kPush;
  if (answer.defined()) return ServerCall::kPull;
  return std::nullopt;
}

at::Tensor at_or_none(const std::vector<at::Tensor>& tensors, std::size_t index) {
  return tensors.empty() ? at::Tensor() : tensors[index];
}

at::Tensor slice(const at::Tensor& flat, const Range& range) { return flat.narrow(0, range.begin, range.size()); }

/// Tensors on the CPU as they are, others as copies there.
std::vector<at::Tensor> on_host(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> all;
  for (const at::Tensor& tensor : tensors) all.push_back(tensor.defined() ? tensor.cpu() : tensor);
  return all;
}

/// Memory of the host for each: its own where it lies there.
std::vector<at::Tensor> host_memory(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> all;
  for (const at::Tensor& tensor : tensors) {
    all.push_back(!tensor.defined() || tensor.is_cpu() ? tensor : at::empty_like(tensor, at::TensorOptions(at::kCPU)));
  }
  return all;
}

}  // namespace

ShardService::ShardService(const RankContext& context, const ServerLayout& layout, int index, const at::Tensor& model,
                           const MakeRule& make_rule)
    : context_(&context),
      layout_(layout),
      index_(index),
      shard_(index, slice(model, layout.shard(index)).clone(), make_rule, layout.workers),
      thread_([this] { run(); }) {}

ShardService::~ShardService() { join(); }

void ShardService::join() {
  if (thread_.joinable()) thread_.join();
}

void ShardService::run() {
  context_->watch->run_beside("server shard " + std::to_string(index_), [this] {
    ProcessGroup group(*context_, Backend::kGloo, kName, layout_.rank_of(index_), layout_.workers + layout_.shards);
    serve(group);
  });
}

void ShardService::serve(ProcessGroup& group) {
  const at::Tensor request = doubles(kFields);
  for (int open = layout_.workers; open > 0;) {
    const PendingPtr asked = group.recv_any(request, kRequest);
    asked->wait(*context_->watch, "a request", kForEver);
    const double taken_up = context_->time->at(steady_seconds());
    const double* fields = request.const_data_ptr<double>();
    const auto call = static_cast<ServerCall>(static_cast<int>(fields[0]));
    const int worker = asked->source();
    if (call == ServerCall::kLeave) --open;
    take_in(group, worker, call, fields);
    if (call == ServerCall::kPush || call == ServerCall::kPeek) answer(group, worker, call, taken_up);
    if (call == ServerCall::kPull || call == ServerCall::kPushPull) held_.push_back(worker);
    release(group);
  }
  for (const auto& [worker, answer] : answers_) {
    for (const PendingPtr& send : answer.sends) send->wait(*context_->watch, "an answer", context_->timeout);
  }
}

void ShardService::take_in(ProcessGroup& group, int worker, ServerCall call, const double* fields) {
  if (call == ServerCall::kAway) shard_.leave(worker);
  if (call == ServerCall::kBack) shard_.come_back(worker);
  if (!updates(call)) return;
  const auto type = static_cast<at::ScalarType>(static_cast<int>(fields[2]));
  const at::Tensor update = at::empty({static_cast<std::int64_t>(fields[1])}, at::TensorOptions(type));
  group.recv(update, worker, kUpdate)->wait(*context_->watch, "an update", context_->timeout);
  shard_.apply(update, worker, {.lr = fields[3], .loss = fields[4]}, steady_seconds());
}

/// Answers whoever may read.
void ShardService::release(ProcessGroup& group) {
  std::deque<int> held;
  held.swap(held_);
  for (const int worker : held) {
    if (shard_.may_read(worker)) {
      answer(group, worker, ServerCall::kPull, context_->time->at(steady_seconds()));
    } else {
      held_.push_back(worker);
    }
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

void GroupServer::peek(const at::Tensor& parameters) { call(true, {}, {}, slices(parameters)); }

void GroupServer::announce(ServerCall kind) {
  const at::Tensor request = doubles(kFields).fill_(static_cast<double>(kind));
  for (int shard = 0; shard < layout_.shards; ++shard) {
    group_.send(request, layout_.rank_of(shard), kRequest)
        ->wait(*context_->watch, "a word to the server", context_->timeout);
  }
}

void GroupServer::exchange(const std::vector<at::Tensor>& messages, const PushNote& note,
                           const std::vector<at::Tensor>& answers) {
  book(*context_->ledger, call(false, messages, note, answers));
  std::int64_t up = 0, down = 0, called = 0;
  for (std::size_t shard = 0; shard < static_cast<std::size_t>(layout_.shards); ++shard) {
    if (layout_.replicated && static_cast<int>(shard) == group_.rank()) continue;
    const at::Tensor message = at_or_none(messages, shard);
    const at::Tensor answer = at_or_none(answers, shard);
    if (message.defined()) up += static_cast<std::int64_t>(message.nbytes());
    if (answer.defined()) down += static_cast<std::int64_t>(answer.nbytes());
    if (call_of(message, answer)) ++called;
  }
  book(*context_->ledger, Traffic{.payload_bytes = up, .wire_bytes = up + down, .messages = 2 * called});
}

/// One round trip with every shard that is meant, from and to the host's memory.
Exchange GroupServer::call(bool peeks, const std::vector<at::Tensor>& given, const PushNote& note,
                           const std::vector<at::Tensor>& wanted) {
  const std::vector<at::Tensor> messages = on_host(given);
  const std::vector<at::Tensor> answers = host_memory(wanted);
  const double from = steady_seconds();
  std::vector<PendingPtr> works;
  std::vector<at::Tensor> requests, heads;
  for (std::size_t shard = 0; shard < static_cast<std::size_t>(layout_.shards); ++shard) {
    const int server = layout_.rank_of(static_cast<int>(shard));
    const at::Tensor message = at_or_none(messages, shard);
    const at::Tensor answer = at_or_none(answers, shard);
    const std::optional<ServerCall> kind = call_of(message, answer);
    if (!kind) continue;
    requests.push_back(request_of(peeks ? ServerCall::kPeek : *kind, note, message));
    works.push_back(group_.send(requests.back(), server, kRequest));
    if (message.defined()) works.push_back(group_.send(message, server, kUpdate));
    heads.push_back(doubles(1));
    works.push_back(group_.recv(heads.back(), server, kAnswer));
    if (answer.defined()) works.push_back(group_.recv(answer, server, kModel));
  }
  const std::string what = messages.empty() ? "a pull from the parameter server" : "a push to the parameter server";
  const Seconds limit = context_->ledger->resting ? kForEver : context_->timeout;  // it has nothing else to do
  for (const PendingPtr& work : works) work->wait(*context_->watch, what, limit);
  const double until = steady_seconds();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].defined() && !wanted[i].is_cpu()) wanted[i].copy_(answers[i]);
  }
  const double lead = context_->time->at(from) - from;
  double taken_up = from;
  for (const at::Tensor& head : heads) taken_up = std::max(taken_up, head.item<double>() - lead);
  return {.ready = taken_up, .done = until, .from = from, .until = until};
}

}  // namespace sac
