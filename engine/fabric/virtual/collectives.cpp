#include "engine/fabric/virtual/collectives.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <numeric>

#include "engine/core/error.h"

namespace sac {
namespace {

/// n of the closed forms: of the whole vector.
std::int64_t vector_bytes(CollectiveKind kind, const at::Tensor& input, std::size_t members) {
  if (!input.defined()) return 0;
  const std::int64_t bytes = input.numel() * static_cast<std::int64_t>(input.element_size());
  return kind == CollectiveKind::kAllGather ? bytes * static_cast<std::int64_t>(members) : bytes;
}

/// Shares `total` out over `count` members, the remainder to the first ones.
std::int64_t share_of(std::int64_t total, std::size_t member, std::size_t count) {
  const auto n = static_cast<std::int64_t>(count);
  return total / n + (static_cast<std::int64_t>(member) < total % n ? 1 : 0);
}

}  // namespace

Collectives::Collectives(const NetworkModel& network, Scheduler& scheduler, int workers, bool carries_values)
    : network_(&network), scheduler_(&scheduler), carries_values_(carries_values) {
  Group world;
  world.ranks.resize(static_cast<std::size_t>(workers));
  std::iota(world.ranks.begin(), world.ranks.end(), 0);
  world.started.assign(world.ranks.size(), 0);
  groups_.push_back(std::move(world));
}

void Collectives::check_match(const Pending& pending, const Pending& mine, const Member& member) const {
  const Member& first = pending.members.front();
  const bool same_tensor = first.input.defined() == member.input.defined() &&
                           (!member.input.defined() || (first.input.numel() == member.input.numel() &&
                                                        first.input.scalar_type() == member.input.scalar_type()));
  if (pending.kind == mine.kind && pending.op == mine.op && pending.root == mine.root && pending.split == mine.split &&
      same_tensor) {
    return;
  }
  throw CommunicationError("collectives do not match: worker " + std::to_string(first.rank) + " called " +
                           scheduler_->ticket(first.rank, first.ticket).what + ", worker " +
                           std::to_string(member.rank) + " called " +
                           scheduler_->ticket(member.rank, member.ticket).what);
}

/// Enters `member` into the collective that is its turn in the group; opens it for the first to come.
void Collectives::join(std::int64_t group_id, const Pending& like, Member member) {
  Group& group = groups_.at(static_cast<std::size_t>(group_id));
  const auto index = std::lower_bound(group.ranks.begin(), group.ranks.end(), member.rank) - group.ranks.begin();
  const std::int64_t ordinal = group.started[static_cast<std::size_t>(index)]++;
  const auto [open, fresh] = group.open.try_emplace(ordinal, next_id_);
  if (fresh) pending_[next_id_++] = like;
  Pending& pending = pending_.at(open->second);
  if (!fresh) check_match(pending, like, member);
  pending.members.push_back(std::move(member));
  launch_when_complete(group, ordinal);
}

void Collectives::launch_when_complete(Group& group, std::int64_t ordinal) {
  const auto open = group.open.find(ordinal);
  const std::int64_t id = open->second;
  Pending& pending = pending_.at(id);
  if (static_cast<std::int64_t>(pending.members.size()) + group.gone < static_cast<std::int64_t>(group.ranks.size())) {
    return;
  }
  group.open.erase(open);
  std::sort(pending.members.begin(), pending.members.end(),
            [](const Member& a, const Member& b) { return a.rank < b.rank; });
  launch(id, pending);
}

void Collectives::leave(int rank) {
  for (Group& group : groups_) {
    if (!std::binary_search(group.ranks.begin(), group.ranks.end(), rank)) continue;
    ++group.gone;
    std::vector<std::int64_t> ordinals;
    for (const auto& [ordinal, id] : group.open) ordinals.push_back(ordinal);
    for (const std::int64_t ordinal : ordinals) withdraw(rank, group, ordinal);
  }
}

/// The rank is no member of this collective, which may be complete now.
void Collectives::withdraw(int rank, Group& group, std::int64_t ordinal) {
  Pending& pending = pending_.at(group.open.at(ordinal));
  const auto mine = std::find_if(pending.members.begin(), pending.members.end(),
                                 [&](const Member& member) { return member.rank == rank; });
  if (mine != pending.members.end()) {
    scheduler_->complete(rank, mine->ticket);  // so that its thread can end
    pending.members.erase(mine);
  }
  if (!pending.members.empty()) return launch_when_complete(group, ordinal);
  pending_.erase(group.open.at(ordinal));
  group.open.erase(ordinal);
}

void Collectives::arrive(int rank, std::int64_t ticket, const CollectiveRequest& request) {
  join(request.group, {.group = request.group, .kind = request.kind, .op = request.op, .root = request.root},
       {.rank = rank, .ticket = ticket, .input = request.tensor});
}

void Collectives::arrive(int rank, std::int64_t ticket, const SplitRequest& request) {
  join(request.group, {.group = request.group, .split = true},
       {.rank = rank, .ticket = ticket, .color = request.color});
}

/// Reductions can do without a rank; what is made of every rank's own part cannot.
void Collectives::require_whole(const Pending& pending, const Group& group) const {
  const bool reduces = pending.kind == CollectiveKind::kAllReduce || pending.kind == CollectiveKind::kBarrier;
  if (pending.members.size() == group.ranks.size() || (reduces && !pending.split)) return;
  const Member& first = pending.members.front();
  throw CommunicationError("a worker has died, and " + scheduler_->ticket(first.rank, first.ticket).what +
                           " cannot go on without it; choices: cluster.on_failure = \"stall\"");
}

/// Everyone is there: the price is known, and so is the end.
void Collectives::launch(std::int64_t id, Pending& pending) {
  Group& group = groups_.at(static_cast<std::size_t>(pending.group));
  const double ready = scheduler_->now();
  const at::Tensor& input = pending.members.front().input;
  const std::size_t count = pending.members.size();
  const double start = std::max(ready, group.channel_free);
  group.rest_s += start - group.channel_free;
  const std::int64_t bytes = vector_bytes(pending.kind, input, count);
  require_whole(pending, group);
  std::vector<int> ranks;
  for (const Member& member : pending.members) ranks.push_back(member.rank);
  const CollectiveCost cost =
      pending.split ? CollectiveCost{} : network_->cost(pending.kind, ranks, bytes, group.rest_s);
  group.channel_free = start + cost.seconds;
  for (std::size_t i = 0; i < count; ++i) {
    Ticket& ticket = scheduler_->ticket(pending.members[i].rank, pending.members[i].ticket);
    ticket.ready = ready;
    ticket.start = start;
    ticket.wire_bytes = share_of(cost.wire_bytes, i, count);
    ticket.messages = share_of(cost.messages, i, count);
    const bool sends = pending.kind != CollectiveKind::kBroadcast || static_cast<int>(i) == pending.root;
    if (input.defined() && sends)
      ticket.payload_bytes = input.numel() * static_cast<std::int64_t>(input.element_size());
  }
  scheduler_->schedule(group.channel_free, group.ranks.front(), Event::Kind::kCollectiveDone, id);
}

at::Tensor Collectives::result_of(const Pending& pending) const {
  if (!carries_values_) return {};
  std::vector<at::Tensor> inputs;
  for (const Member& member : pending.members) inputs.push_back(member.input);
  switch (pending.kind) {
    case CollectiveKind::kBarrier: return {};
    case CollectiveKind::kBroadcast: return inputs[static_cast<std::size_t>(pending.root)].clone();
    case CollectiveKind::kAllGather: return at::cat(inputs);
    case CollectiveKind::kAllReduce:
    case CollectiveKind::kReduceScatter: break;
  }
  return reduce(inputs, pending.op,
                [this](std::int64_t count, const auto& body) { scheduler_->parallel(count, body); });
}

void Collectives::finish(std::int64_t id) {
  const auto node = pending_.extract(id);
  const Pending& pending = node.mapped();
  if (pending.split) return finish_split(pending);
  const at::Tensor result = result_of(pending);
  for (const Member& member : pending.members) {
    scheduler_->ticket(member.rank, member.ticket).result = result;
    scheduler_->complete(member.rank, member.ticket);
  }
}

void Collectives::finish_split(const Pending& pending) {
  std::map<int, std::vector<int>> by_color;
  for (const Member& member : pending.members) by_color[member.color].push_back(member.rank);
  std::map<int, std::int64_t> group_of;
  for (const auto& [color, ranks] : by_color) {
    group_of[color] = static_cast<std::int64_t>(groups_.size());
    groups_.push_back({.ranks = ranks, .started = std::vector<std::int64_t>(ranks.size(), 0)});
  }
  for (const Member& member : pending.members) {
    Ticket& ticket = scheduler_->ticket(member.rank, member.ticket);
    ticket.value = group_of[member.color];
    ticket.ranks = by_color[member.color];
    scheduler_->complete(member.rank, member.ticket);
  }
}

void Collectives::io(Archive& archive) { archive.io(groups_, pending_, next_id_); }

}  // namespace sac
