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

/// Progress inside one computation: each call moves the worker's clock to the computation's next milestone.
class ComputePace {
 public:
  virtual ~ComputePace() = default;
  virtual void next_milestone() = 0;
};

/// One worker's part of the evaluated model; the model is the mean over the parts (see Strategy::consensus).
struct ConsensusShare {
  enum class Kind { kNone, kReplica, kServer };
  Kind kind = Kind::kNone;
  at::Tensor parameters{};  ///< [D], kReplica only

  static ConsensusShare none() { return {}; }                     ///< takes no part
  static ConsensusShare server() { return {Kind::kServer, {}}; }  ///< the parameter server's model
  static ConsensusShare replica(at::Tensor parameters) { return {Kind::kReplica, std::move(parameters)}; }
};

/// What one worker says of itself at a step it has finished.
struct StepReport {
  std::int64_t step = 0;  ///< steps finished
  double loss_sum = 0.0;  ///< over the steps since the last report
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

  /// Runs `arithmetic` and charges its time. `fraction` scales the time (1 = a full mini-batch). `milestones` are
  /// shares of the span, ascending, the last 1; `arithmetic` calls ComputePace::next_milestone once for each but may
  /// skip all.
  virtual void compute(double fraction, std::span<const double> milestones,
                       const std::function<void(ComputePace&)>& arithmetic) = 0;

  /// Non-blocking and free of charge; aggregated over workers by the executor.
  virtual void report(StepReport report) = 0;
  /// Contributes to the evaluation after `step` steps. Free of charge; the tensors are taken as they are (clones).
  virtual void contribute(std::int64_t step, ConsensusShare share, at::Tensor buffers) = 0;

  /// True when the executor wants this worker's state at its next step boundary; then `boundary` hands it over.
  [[nodiscard]] virtual bool wants_boundary() const = 0;
  virtual void boundary(std::string state) = 0;
};

}  // namespace sac
