#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/train/compressor.h"
#include "engine/train/worker.h"

namespace sac {

/// Rounds of federated training: a share of the clients, drawn anew every round from the run's seed, trains H steps
/// from the global model; the mean of their differences, compressed on request, moves it. The others rest and take the
/// new model with everybody.
class ClientRounds {
 public:
  /// period, client_fraction and those of Compressor.
  static std::vector<OptionSpec> options();

  /// @param strategy  for messages.  @throws ConfigError  options that contradict each other.
  ClientRounds(const Options& options, const std::string& strategy);

  [[nodiscard]] bool exact() const { return !mean_.active(); }
  [[nodiscard]] bool oblivious() const { return mean_.oblivious(); }
  /// Before the first step.
  void prepare(Worker& worker);
  /// Whether this client trains in this round.
  [[nodiscard]] bool takes_part() const { return takes_part_; }
  [[nodiscard]] bool round_begins() const { return steps_ == 0; }
  [[nodiscard]] bool round_ends() const { return steps_ == period_; }  ///< after `stepped`
  void stepped() { ++steps_; }

  [[nodiscard]] const at::Tensor& global() const { return global_; }  ///< x_g, [D]: this round's start
  /// values [n] of those that take part become their mean, everywhere.
  void average(Worker& worker, const at::Tensor& values) const;
  /// At a round's end: parameters() <- x_g + mean of the differences.
  void merge(Worker& worker);
  /// parameters() are the global model from which the next round starts.
  void next_round(Worker& worker);
  void io(Archive& archive) { archive.io(round_, steps_, takes_part_, global_, mean_); }

 private:
  void draw(const Worker& worker);

  std::int64_t period_;
  double fraction_;
  CompressedMean mean_;
  std::int64_t round_ = 0;
  std::int64_t steps_ = 0;
  bool takes_part_ = true;
  std::int64_t clients_ = 1;  ///< that take part in a round
  at::Tensor global_;
};

}  // namespace sac
