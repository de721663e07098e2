#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/comm/clock.h"
#include "engine/comm/communicator.h"
#include "engine/fabric/calibration/exchange.h"

namespace sac {

/// Times what several ranks do together as training books it: from the last arrival to the mean end. All ranks call the
/// same members in the same order, and all get the same numbers. Borrows its arguments.
class Stopwatch {
 public:
  /// Sets the ranks' clocks by rank 0's.  @param options  device of the few numbers it exchanges.
  Stopwatch(Communicator& comm, const Clock& clock, at::TensorOptions options);

  /// Sets the clocks again, since they drift apart: of some round trips with rank 0 the shortest one tells the
  /// difference (Cristian, "Probabilistic Clock Synchronization", 1989).
  void synchronise();

  /// Runs `repeats` times: before(), a barrier, action().
  /// @return seconds of each repetition, from the last rank's entry into `action` to the ranks' mean return.
  std::vector<double> time(std::int64_t repeats, const std::function<void()>& before,
                           const std::function<void()>& action, Part part = {});

  /// Seconds since construction, the same on all ranks.
  double elapsed();
  /// Element by element the largest over the ranks.
  [[nodiscard]] std::vector<double> largest(const std::vector<double>& values) const;
  /// The values of all ranks, one after the other.
  [[nodiscard]] std::vector<double> gathered(const std::vector<double>& values) const;

 private:
  [[nodiscard]] double now() const { return clock_->now().value + offset_s_; }
  [[nodiscard]] at::Tensor tensor_of(const std::vector<double>& values) const;
  void serve_clock(int peer);
  void ask_clock();

  Communicator* comm_;
  const Clock* clock_;
  at::TensorOptions options_;
  double offset_s_ = 0.0;  ///< rank 0's clock less this rank's
  double begin_s_ = 0.0;
};

double median(std::vector<double> values);

}  // namespace sac
