#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/comm/communicator.h"
#include "engine/fabric/group/account.h"
#include "engine/fabric/group/cluster_time.h"
#include "engine/fabric/group/process_group.h"

namespace sac {

/// A group of real ranks. Bytes are booked at once, by the algorithms that Gloo and NCCL use; seconds at `settle`.
/// Collectives travel over the context's backend; messages, barriers and what the ranks must tell each other besides
/// over Gloo, from the host's memory.
class GroupCommunicator final : public Communicator {
 public:
  /// Collective: connects the group.  @param name  as ProcessGroup's.
  GroupCommunicator(RankContext& context, std::string name, int rank, int size);
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
    Times times;
    bool over = false;
  };
  WorkPtr start(PendingPtr pending, std::string what, const at::Tensor& mean, const Traffic& traffic);
  void over(std::int64_t id, const Times& times);
  void reduce_max(const at::Tensor& numbers);
  ProcessGroup& control() { return own_control_ ? *own_control_ : group_; }

  RankContext* context_;
  std::string name_;
  ProcessGroup group_;
  std::optional<ProcessGroup> own_control_;  ///< where group_ carries no CPU tensors
  std::deque<Span> spans_;                   ///< of collectives not yet settled
  std::int64_t first_span_ = 0;              ///< the id of spans_.front()
  std::int64_t splits_ = 0;
};

}  // namespace sac
