#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "engine/fabric/virtual/network_model.h"
#include "engine/fabric/virtual/reduce.h"
#include "engine/fabric/virtual/scheduler.h"

namespace sac {

/// The collectives of the simulated cluster. One starts when its last member has arrived and its communicator's channel
/// is free (collectives of one communicator follow one another, as on an NCCL stream), and ends a closed form later.
class Collectives {
 public:
  /// @param carries_values  false: nobody takes a result, so none is made.
  Collectives(const NetworkModel& network, Scheduler& scheduler, int workers, bool carries_values = true);

  void arrive(int rank, std::int64_t ticket, const CollectiveRequest& request);
  void arrive(int rank, std::int64_t ticket, const SplitRequest& request);
  /// The collective `id` ends now.
  void finish(std::int64_t id);
  /// A rank takes part in nothing more: the others no longer wait for it. What has begun goes on.
  void leave(int rank);
  void io(Archive& archive);

  [[nodiscard]] const std::vector<int>& ranks(std::int64_t group) const { return groups_.at(group).ranks; }

 private:
  struct Member {
    int rank = 0;
    std::int64_t ticket = -1;
    at::Tensor input{};
    int color = 0;
    void io(Archive& archive) { archive.io(rank, ticket, input, color); }
  };
  struct Pending {
    std::int64_t group = 0;
    CollectiveKind kind = CollectiveKind::kBarrier;
    Reduce op = Reduce::kSum;
    int root = 0;
    bool split = false;
    std::vector<Member> members{};  ///< in order of arrival
    void io(Archive& archive) { archive.io(group, kind, op, root, split, members); }
  };
  struct Group {
    std::vector<int> ranks{};                     ///< ascending
    std::vector<std::int64_t> started{};          ///< collectives begun, a member
    std::map<std::int64_t, std::int64_t> open{};  ///< ordinal -> pending id
    double channel_free = 0.0;
    double rest_s = 0.0;    ///< of the channel, as far as no exchange has used it up
    std::int64_t gone = 0;  ///< ranks that have left
    void io(Archive& archive) { archive.io(ranks, started, open, channel_free, rest_s, gone); }
  };

  void join(std::int64_t group, const Pending& like, Member member);
  void check_match(const Pending& pending, const Pending& mine, const Member& member) const;
  void launch_when_complete(Group& group, std::int64_t ordinal);
  void withdraw(int rank, Group& group, std::int64_t ordinal);
  void require_whole(const Pending& pending, const Group& group) const;
  void launch(std::int64_t id, Pending& pending);
  void finish_split(const Pending& pending);
  [[nodiscard]] at::Tensor result_of(const Pending& pending) const;

  const NetworkModel* network_;
  Scheduler* scheduler_;
  bool carries_values_;
  std::vector<Group> groups_;
  std::map<std::int64_t, Pending> pending_;
  std::int64_t next_id_ = 0;
};

}  // namespace sac
