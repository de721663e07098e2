#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/value.h"
#include "engine/fabric/virtual/config.h"
#include "engine/train/executor.h"

namespace sac {

/// A problem whose every number is known: the loss of a sample t is |x - t|^2 / 2, so the gradient of a batch is x
/// minus its targets' mean. Float64, 19 parameters in 4 layers, plain SGD unless said: what laws are checked on.
struct QuadraticProblem {
  std::string strategy = "sync_sgd";
  std::function<std::unique_ptr<Strategy>()> custom{};  ///< instead of `strategy`
  ValueMap options{};                                   ///< of the strategy
  std::int64_t workers = 4;
  std::int64_t batch_size = 2;
  std::int64_t steps = 12;
  double lr = 0.1;
  std::string optimizer = "sgd";
  ValueMap optimizer_options{};
  bool still = false;  ///< targets equal the initial model, so that all gradients are 0 there
  std::string compute = "pareto";
  /// Where given, these are the times of a gradient, messages take none, and nothing is computed: time alone is asked
  /// for.
  std::optional<ComputeConfig> only_times{};
  int slots = 2;
};

constexpr std::uint64_t kQuadraticSeed = 1;  ///< of every run

/// Where a run of it ended.
struct QuadraticOutcome {
  RunOutcome run;
  std::vector<at::Tensor> replicas;  ///< a worker, [19]
  [[nodiscard]] at::Tensor mean() const;
};

/// Runs it on the virtual cluster.  @throws ConfigError  the strategy refuses its options.
QuadraticOutcome solve(const QuadraticProblem& problem);

/// The initial model, [19].
at::Tensor quadratic_start();
double quadratic_start_loss();  ///< its evaluation loss

/// What the strategy says of itself with these options.
Traits quadratic_traits(const QuadraticProblem& problem);

}  // namespace sac
