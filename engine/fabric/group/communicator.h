#pragma once
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/comm/communicator.h"
#include "engine/fabric/group/account.h"
#include "engine/fabric/group/cluster_time.h"
#include "engine/fabric/group/process_group.h"

namespace sac {

class GroupCommunicator;

/// What everything that communicates on one rank shares.
struct RankContext {
  Launch launch;
  Backend backend = Backend::kGloo;
  Seconds timeout;
  Rendezvous* store = nullptr;
  Watch* watch = nullptr;
  ClusterTime* time = nullptr;
  Ledger* ledger = nullptr;
  std::vector<GroupCommunicator*> communicators{};  ///< in order of their making

  /// Collective: a new process group.
  [[nodiscard]] ProcessGroup connect(Backend carrier, const std::string& name, int rank, int size) const {
    return {carrier, *store, name, rank, size, launch.master_addr, timeout};
  }
};

/// A group of real ranks. Bytes are booked at once, by the algorithms that Gloo and NCCL use; seconds at `settle`.
class GroupCommunicator final : public Communicator {
 public:
  GroupCommunicator(RankContext& context, std::string name, ProcessGroup group);
  ~GroupCommunicator() override;

  [[nodiscard]] int rank() const override { return group_.rank(); }
  [[nodiscard]] int size() const override { return group_.size(); }
  WorkPtr all_reduce_async(const at::Tensor& tensor, Reduce op) override;
  WorkPtr broadcast_async(const at::Tensor& tensor, int root) override;
  WorkPtr all_gather_async(const at::Tensor& input, const at::Tensor& output) override;
  WorkPtr reduce_scatter_async(const at::Tensor& input, const at::Tensor& output, Reduce op) override;
  WorkPtr send_async(const at::Tensor& tensor, int destination, int tag) override;
  WorkPtr recv_async(const at::Tensor& tensor, int source, int tag) override;
  WorkPtr barrier_async() override;
  std::unique_ptr<Communicator> split(int color) override;
  WorkPtr reattach(std::int64_t id, const at::Tensor& tensor) override;

  /// Books the seconds of the collectives that are done everywhere: each began when its last rank had come.
  /// Collective over the group; the clocks stand still.
  void settle();

 private:
  friend class CollectiveWork;
  struct Span {
    double posted = 0.0, from = 0.0, until = 0.0, done = 0.0;  ///< steady seconds
    bool over = false;
  };
  WorkPtr start(PendingPtr pending, std::string what, const at::Tensor& mean, const Traffic& traffic);
  void over(std::int64_t id, double from, double until, double done);
  void reduce_max(const at::Tensor& numbers);

  RankContext* context_;
  std::string name_;
  ProcessGroup group_;
  std::deque<Span> spans_;       ///< of collectives not yet settled
  std::int64_t first_span_ = 0;  ///< the id of spans_.front()
  std::int64_t splits_ = 0;
};

}  // namespace sac
