#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "engine/comm/parameter_server.h"
#include "engine/fabric/group/communicator.h"
#include "engine/train/server_shard.h"

namespace sac {

// The parameter server of a real cluster, in the hosts' memory: shard s is a thread of the process of rank s mod N,
// with a rank of its own, N + s, in a group of workers and shards. It takes requests one after the other, in the order
// in which they come.
//   request   {kind, elements, dtype, lr, loss} of a worker, then its update where the kind has one
//   answer    {cluster time at which the shard took the request up}, then its parameters [n] where the kind wants them

enum class ServerCall { kPull, kPush, kPushPull, kPeek, kAway, kBack, kLeave };

/// How the model is dealt out.
struct ServerLayout {
  std::int64_t parameters = 0;  ///< D
  at::ScalarType dtype = at::kFloat;
  int workers = 1;
  int shards = 1;
  bool replicated = false;  ///< shard k is rank k's own: what rank k sends it is no message
  [[nodiscard]] Range shard(int index) const { return shard_range(parameters, index, shards); }
  [[nodiscard]] int rank_of(int index) const { return workers + index; }
};

/// One shard's thread, from its making until every worker has left.
class ShardService {
 public:
  /// @param model  initial parameters [D].
  ShardService(const RankContext& context, const ServerLayout& layout, int index, const at::Tensor& model,
               const MakeRule& make_rule);
  ~ShardService();

  /// Returns when every worker has left (or the cluster has failed).
  void join();
  /// Staleness -> number of updates; after join.
  [[nodiscard]] const std::map<std::int64_t, std::int64_t>& staleness() const { return shard_.staleness(); }

 private:
  void run();
  void serve(ProcessGroup& group);
  void take_in(ProcessGroup& group, int worker, ServerCall call, const double* fields);
  void release(ProcessGroup& group);
  void answer(ProcessGroup& group, int worker, ServerCall call, double taken_up);

  const RankContext* context_;
  ServerLayout layout_;
  int index_;
  ServerShard shard_;
  std::deque<int> held_;  ///< workers that may not read yet, in order of arrival
  struct Answer {
    at::Tensor taken_up, model;
    std::vector<PendingPtr> sends;
  };
  std::map<int, Answer> answers_;  ///< a worker; under way until it asks again
  std::thread thread_;
};

/// The server as one worker sees it.
class GroupServer final : public ParameterServer {
 public:
  GroupServer(RankContext& context, const ServerLayout& layout);

  [[nodiscard]] int shards() const override { return layout_.shards; }
  void exchange(const std::vector<at::Tensor>& messages, const PushNote& note,
                const std::vector<at::Tensor>& answers) override;
  /// parameters [D] become the server's, without a trace in versions or books.
  void peek(const at::Tensor& parameters);
  /// This worker pushes nothing for a while (kAway), again (kBack), or needs no server any more (kLeave).
  void announce(ServerCall kind);

 private:
  Exchange call(bool peeks, const std::vector<at::Tensor>& given, const PushNote& note,
                const std::vector<at::Tensor>& wanted);

  RankContext* context_;
  ServerLayout layout_;
  ProcessGroup group_;
};

}  // namespace sac
