#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/comm/clock.h"
#include "engine/comm/communicator.h"
#include "engine/comm/ledger.h"
#include "engine/comm/parameter_server.h"

namespace sac {

class Archive;

/// Thrown inside a worker when the run stops at somebody's wish; unwinds its thread, never reaches the user.
struct StopRequested {};

/// Thrown inside a worker of the virtual cluster that has died: unwinds its thread, the others go on.
struct Departed {};

/// Progress inside one computation.
class ComputePace {
 public:
  virtual ~ComputePace() = default;
  /// Runs `action` when the worker's clock stands at the computation's next milestone. Where it waits for others, the
  /// rest of the computation is later by as much.
  virtual void milestone(const std::function<void()>& action) = 0;
};

/// One worker's part of the evaluated model; the model is the mean over the parts (see Strategy::consensus).
struct ConsensusShare {
  enum class Kind { kNone, kReplica, kServer, kAroundServer };
  Kind kind = Kind::kNone;
  at::Tensor parameters{};  ///< [D], kReplica and kAroundServer

  static ConsensusShare none() { return {}; }                     ///< takes no part
  static ConsensusShare server() { return {Kind::kServer, {}}; }  ///< the parameter server's model
  /// The server's model where it serves, this replica elsewhere.
  static ConsensusShare around_server(at::Tensor parameters) { return {Kind::kAroundServer, std::move(parameters)}; }
  static ConsensusShare replica(at::Tensor parameters) { return {Kind::kReplica, std::move(parameters)}; }
};

/// What one worker gives to the evaluation after `step` steps.
struct Contribution {
  std::int64_t step = 0;
  std::int64_t samples = 0;  ///< seen by this worker so far
  ConsensusShare share;
  at::Tensor buffers{};      ///< [S], its running statistics
  std::int64_t stage = 0;    ///< of a pipeline: share and buffers are that stage's
  std::int64_t replica = 0;  ///< of the model
};

/// What one worker says of itself at a step it has finished.
struct StepReport {
  std::int64_t step = 0;     ///< steps finished
  std::int64_t samples = 0;  ///< seen by this worker so far
  double loss_sum = 0.0;     ///< over the steps since the last report
  std::int64_t loss_count = 0;
  double lr = 0.0;
  std::vector<std::pair<std::string, double>> extra;  ///< series a strategy reports ("period")
};

/// What a fabric gives one worker. Implemented by the virtual cluster and by the process groups; used by Worker and by
/// the training loop, never by strategies.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual Communicator& comm() = 0;
  virtual ParameterServer& server() = 0;
  virtual const Clock& clock() const = 0;
  virtual const Ledger& ledger() const = 0;
  /// From now on (or no more) what would be booked as waiting is idle.
  virtual void rest(bool resting) = 0;

  /// Runs `arithmetic` and charges its time. `fraction` scales the time (1 = a full mini-batch). `milestones` are
  /// shares of the span, ascending, the last 1; `arithmetic` calls ComputePace::milestone once for each but may leave
  /// out the last ones.
  virtual void compute(double fraction, std::span<const double> milestones,
                       const std::function<void(ComputePace&)>& arithmetic) = 0;

  /// Computes a gradient that the server may call off midway, `fraction` of a full mini-batch's.
  /// @return false where it did.
  virtual bool compute_unless_called_off(double fraction, const std::function<void()>& arithmetic) = 0;
  /// This worker pushes nothing to the server until it is back: nobody there may wait for it.
  virtual void leave_server() = 0;
  virtual void come_back_to_server() = 0;

  /// Non-blocking and free of charge; aggregated over workers by the executor.
  virtual void report(StepReport report) = 0;
  virtual void contribute(Contribution contribution) = 0;

  /// The lowest rank that has not died: it speaks where one speaks for all.
  [[nodiscard]] virtual int spokesman() const { return 0; }

  // Checkpoints: a worker hands over its state at a step boundary when the executor wants it.
  virtual void prepared() = 0;  ///< Strategy::prepare has returned
  /// @param step  steps finished.  @param due  a checkpoint of this step is: it begins to be gathered.
  [[nodiscard]] virtual bool wants_boundary(std::int64_t step, bool due) = 0;
  /// @param standing  its part of the model, were it evaluated now.
  virtual void boundary(std::string state, Contribution standing) = 0;
  virtual void io(Archive& archive) = 0;  ///< the endpoint's own part of the worker's state
};

}  // namespace sac
