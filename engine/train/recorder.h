#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/metric_sink.h"
#include "engine/train/archive.h"
#include "engine/train/ballot.h"
#include "engine/train/endpoint.h"
#include "engine/train/executor.h"

namespace sac {

/// Gathers what the workers say of themselves into the run's series: one point a step once every worker has reported
/// it, one evaluation once every worker has contributed. Sums are taken in the order of the calls.
class Recorder {
 public:
  using ParallelFor = std::function<void(std::int64_t count, const std::function<void(std::int64_t)>& body)>;

  using Observe = std::function<std::vector<std::pair<std::string, double>>()>;

  /// @param parallel  evaluates batches, each by one thread.  @param server_model  what the server holds, where there
  /// is one: the elements that the strategy has served, packed.
  Recorder(const Job& job, MetricSink& sink, ParallelFor parallel, std::function<at::Tensor()> server_model);

  /// @param observe  what else there is to say when a step's points are made: series and values.
  void observe_by(Observe observe) { observe_ = std::move(observe); }

  /// @param clock  the worker's time.  @param wire_bytes  sent by it so far.
  void report(const StepReport& report, double clock, std::int64_t wire_bytes);
  /// @return true when this was the last contribution to its step: then call evaluate(step).
  bool contribute(const Contribution& contribution, double clock, std::int64_t wire_bytes);
  /// A worker that has last reported and contributed after these steps does so no more.
  /// @return steps that waited for its contribution alone: call evaluate of each.
  std::vector<std::int64_t> depart(std::int64_t reported, std::int64_t contributed);
  /// Evaluates the model that the workers agreed on after `step` steps.
  void evaluate(std::int64_t step);

  /// The model that the workers stand for between evaluations.
  /// @param standing  the parts of those that have not contributed to the last step yet.
  /// @return undefined parameters where nobody speaks for it.
  [[nodiscard]] FlatModel model_of(const std::vector<Contribution>& standing) const;

  /// The finals: steps, accuracy, loss, train_loss, params_sha256.
  void fill(RunOutcome& outcome) const;
  /// The last step of which anything was recorded: every point up to it is out, none after it.
  [[nodiscard]] std::int64_t last_step() const;
  void io(Archive& archive);

 private:
  /// What is common to all points of one step.
  struct Moment {
    std::int64_t workers = 0;
    double clock = 0.0;
    std::int64_t samples = 0;
    std::int64_t wire_bytes = 0;
    void add(double worker_clock, std::int64_t worker_samples, std::int64_t worker_bytes);
    void io(Archive& archive) { archive.io(workers, clock, samples, wire_bytes); }
  };
  struct Mean {
    double sum = 0.0;
    std::int64_t count = 0;
    void io(Archive& archive) { archive.io(sum, count); }
  };
  struct StepTotals {
    Moment moment;
    std::map<std::string, Mean> series;
    void io(Archive& archive) { archive.io(moment, series); }
  };
  struct Election {
    Moment moment;
    Ballot ballot;
    void io(Archive& archive) { archive.io(moment, ballot); }
  };

  /// A worker's last words.
  struct Departure {
    std::int64_t reported = 0;
    std::int64_t contributed = 0;
    void io(Archive& archive) { archive.io(reported, contributed); }
  };

  [[nodiscard]] std::int64_t reporters(std::int64_t step) const;
  [[nodiscard]] std::int64_t contributors(std::int64_t step) const;
  void close(std::int64_t step);
  [[nodiscard]] FlatModel elected(const Ballot& ballot, const at::Tensor& mean) const;
  void emit(const Moment& moment, std::int64_t step, std::vector<std::pair<std::string, double>> values);

  const Job* job_;
  MetricSink* sink_;
  ParallelFor parallel_;
  std::function<at::Tensor()> server_model_;
  Observe observe_;
  std::map<std::int64_t, StepTotals> steps_;
  std::map<std::int64_t, Election> elections_;
  std::vector<Departure> departures_;
  double train_loss_ = 0.0;
  std::int64_t train_loss_step_ = 0;
  double accuracy_ = 0.0;
  double loss_ = 0.0;
  std::int64_t evaluated_step_ = 0;
  std::string params_sha256_;
  Mean bubble_;  ///< of all steps so far
};

}  // namespace sac
