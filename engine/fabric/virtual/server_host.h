#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "engine/comm/parameter_server.h"
#include "engine/fabric/virtual/transport.h"
#include "engine/nn/layout.h"

namespace sac {

using MakeRule = std::function<std::unique_ptr<ServerRule>(const at::Tensor& shard)>;

/// The parameter server of the simulated cluster: the model split evenly over shards, each on a host of its own with
/// one link and one queue. Updates take effect one after the other in order of arrival, each after its service time; a
/// model is read at the instant its request is served.
class ServerHost {
 public:
  /// @param model  initial parameters [D]; taken over.  @param first_host  host number of shard 0.
  ServerHost(const ServerConfig& config, at::Tensor model, const MakeRule& make_rule, int workers, int first_host,
             Transport& transport, Scheduler& scheduler);

  void request(int rank, int host, std::int64_t ticket, const ServerRequest& request);
  /// A shard's part of operation has arrived at the shard.
  void arrived(std::int64_t part);
  /// The shard has served the part.
  void served(std::int64_t part);
  /// The shard's answer is back at the worker.
  void answered(std::int64_t part);

  [[nodiscard]] const at::Tensor& model() const { return model_; }
  [[nodiscard]] const std::map<std::int64_t, std::int64_t>& staleness() const { return staleness_; }
  void io(Archive& archive);

 private:
  struct Shard {
    Range range{};
    at::Tensor parameters{};
    std::unique_ptr<ServerRule> rule{};
    std::int64_t version = 0;
    std::vector<std::int64_t> pulled{};  ///< version each worker has
    double busy_until = 0.0;
    void io(Archive& archive) { archive.io(version, pulled, busy_until); }
  };
  struct Operation {
    int rank = 0;
    int host = 0;
    std::int64_t ticket = 0;
    bool wants_model = false;
    double lr = 0.0;
    at::Tensor update{};
    at::Tensor answer{};
    std::int64_t open = 0;  ///< shards still to answer
    void io(Archive& archive) { archive.io(rank, host, ticket, wants_model, lr, update, answer, open); }
  };
  struct Part {
    std::int64_t operation = 0;
    std::int64_t shard = 0;
    double queued = 0.0;  ///< seconds it waited behind others
    void io(Archive& archive) { archive.io(operation, shard, queued); }
  };

  void apply(Operation& operation, Shard& shard);
  [[nodiscard]] std::int64_t part_bytes(const Shard& shard) const;

  double service_s_;
  int first_host_;
  at::Tensor model_;
  Transport* transport_;
  Scheduler* scheduler_;
  std::vector<Shard> shards_;
  std::map<std::int64_t, Operation> operations_;
  std::map<std::int64_t, Part> parts_;
  std::int64_t next_operation_ = 0;
  std::int64_t next_part_ = 0;
  std::map<std::int64_t, std::int64_t> staleness_;  ///< of shard 0
};

}  // namespace sac
