#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "engine/fabric/virtual/computations.h"
#include "engine/fabric/virtual/transport.h"
#include "engine/fabric/virtual/writes_under_way.h"
#include "engine/train/server_shard.h"

namespace sac {

/// The parameter server of the simulated cluster: the model split over shards, each with one link, on a host of its own
/// or on its worker's, for whom it then is at hand: nothing is sent. Updates take effect in order of arrival: behind a
/// lock one after the other, each after its service time; without one each over its service time from its arrival on.
/// A model is read at the instant its request is served.
class ServerHost {
 public:
  /// @param beside_workers  shard k is worker k's own.  @param model  initial parameters [D]; taken over.
  /// @param places  the host of each shard.
  ServerHost(const ServerConfig& config, bool beside_workers, at::Tensor model, const MakeRule& make_rule, int workers,
             const std::vector<int>& places, Transport& transport, Scheduler& scheduler, Computations& computations);

  void request(int rank, int host, std::int64_t ticket, const ServerRequest& request);
  /// A shard's part of operation has arrived at the shard.
  void arrived(std::int64_t part);
  /// The shard has served the part.
  void served(std::int64_t part);
  /// The shard's answer is back at the worker.
  void answered(std::int64_t part);
  /// The worker stops, or goes on, sending.
  void presence(int rank, bool present);

  [[nodiscard]] int shards() const { return static_cast<int>(hosts_.size()); }
  [[nodiscard]] const at::Tensor& model() const { return model_; }
  /// Of shard 0: staleness -> number of updates.
  [[nodiscard]] const std::map<std::int64_t, std::int64_t>& staleness() const {
    return hosts_.front().shard.staleness();
  }
  /// Of shard 0: updates thrown away so far.
  [[nodiscard]] std::int64_t dropped() const { return hosts_.front().shard.dropped(); }
  void io(Archive& archive);

 private:
  struct Host {
    ServerShard shard;
    int place = 0;  ///< its host's number
    double busy_until = 0.0;
    std::vector<std::int64_t> held{};  ///< parts whose workers may not read yet, in order of arrival
    WritesUnderWay writes{};           ///< without a lock
    void io(Archive& archive) { archive.io(shard, busy_until, held, writes); }
  };
  struct Operation {
    int rank = 0;
    int host = 0;
    std::int64_t ticket = 0;
    ServerRequest request{};
    at::Tensor answer{};    ///< of all shards, one after the other
    std::int64_t open = 0;  ///< shards still to answer
    void io(Archive& archive) { archive.io(rank, host, ticket, request, answer, open); }
  };
  struct Part {
    std::int64_t operation = 0;
    std::int64_t shard = 0;
    double queued = 0.0;  ///< seconds it waited behind or for others
    double held_at = 0.0;
    void io(Archive& archive) { archive.io(operation, shard, queued, held_at); }
  };

  [[nodiscard]] Host& host_of(const Part& part) { return hosts_[static_cast<std::size_t>(part.shard)]; }
  /// The shard is the worker's own.
  [[nodiscard]] bool at_hand(int rank, std::int64_t shard) const { return beside_workers_ && rank == shard; }
  [[nodiscard]] std::int64_t answer_bytes(const Operation& operation, std::int64_t shard) const {
    return operation.request.answer(shard) * static_cast<std::int64_t>(model_.element_size());
  }
  void send(std::int64_t operation, std::int64_t shard, Ticket& asked);
  void apply(const Part& part);
  void apply_without_lock(const Part& part);
  void release(std::int64_t shard);
  void answer(std::int64_t part);

  ServerConfig config_;
  bool beside_workers_;
  at::Tensor model_;
  Transport* transport_;
  Scheduler* scheduler_;
  Computations* computations_;
  int workers_;
  std::vector<Host> hosts_;
  std::map<std::int64_t, Operation> operations_;
  std::map<std::int64_t, Part> parts_;
  std::int64_t next_operation_ = 0;
  std::int64_t next_part_ = 0;
};

}  // namespace sac
