#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/comm/communicator.h"
#include "engine/comm/parameter_server.h"
#include "engine/fabric/virtual/endpoint.h"

namespace sac {

/// A group of simulated ranks.
class VirtualCommunicator final : public Communicator {
 public:
  /// @param ranks  global ranks of the group, ascending.
  VirtualCommunicator(VirtualEndpoint& endpoint, std::int64_t group, std::vector<int> ranks);

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return static_cast<int>(ranks_.size()); }
  WorkPtr all_reduce_async(const at::Tensor& tensor, Reduce op) override;
  WorkPtr broadcast_async(const at::Tensor& tensor, int root) override;
  WorkPtr all_gather_async(const at::Tensor& input, const at::Tensor& output) override;
  WorkPtr reduce_scatter_async(const at::Tensor& input, const at::Tensor& output, Reduce op) override;
  WorkPtr send_async(const at::Tensor& tensor, int destination, int tag) override;
  WorkPtr recv_async(const at::Tensor& tensor, int source, int tag) override;
  WorkPtr barrier_async() override;
  std::unique_ptr<Communicator> split(int color) override;
  WorkPtr reattach(std::int64_t id, const at::Tensor& tensor) override;

 private:
  WorkPtr start(CollectiveRequest request, const std::string& name, const at::Tensor& output, std::int64_t offset = 0);
  [[nodiscard]] int global(int rank, const char* role) const;

  VirtualEndpoint* endpoint_;
  std::int64_t group_;
  std::vector<int> ranks_;
  int rank_;
};

/// The parameter server as one worker sees it.
class VirtualServer final : public ParameterServer {
 public:
  explicit VirtualServer(VirtualEndpoint& endpoint) : endpoint_(&endpoint) {}
  [[nodiscard]] int shards() const override { return endpoint_->server_shards(); }
  void exchange(const std::vector<at::Tensor>& messages, const PushNote& note,
                const std::vector<at::Tensor>& answers) override;

 private:
  VirtualEndpoint* endpoint_;
};

}  // namespace sac
