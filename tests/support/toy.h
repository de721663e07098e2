#pragma once
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/fabric/virtual/executor.h"
#include "engine/train/executor.h"
#include "engine/train/rehearsal.h"
#include "tests/support/toy_model.h"

namespace sac::test {

/// Keeps everything it is given.
class MemorySink final : public MetricSink {
 public:
  void begin(const RunContext&) override {}
  void record(std::span<const MetricPoint> given) override { points.insert(points.end(), given.begin(), given.end()); }
  void progress(const Progress& progress) override { last = progress; }
  void finish(const RunOutcome&) override {}
  [[nodiscard]] std::vector<double> series(const std::string& name) const {
    std::vector<double> values;
    for (const MetricPoint& point : points) {
      if (point.series == name) values.push_back(point.value);
    }
    return values;
  }
  std::vector<MetricPoint> points;
  Progress last;
};

/// A run of the toy problem: change what a test is about, then run().
struct ToyRun {
  std::vector<std::int64_t> layers{6, 3, 8, 2};
  std::string strategy = "sync_sgd";
  ValueMap options{};
  std::function<std::unique_ptr<Strategy>()> custom{};  ///< instead of `strategy`
  std::int64_t workers = 4;
  std::int64_t batch = 2;
  std::int64_t steps = 12;
  std::uint64_t seed = 1;
  double lr = 0.1;
  double momentum = 0.0;
  std::int64_t eval_every = 0;
  std::int64_t log_every = 5;
  std::int64_t checkpoint_every = 0;
  std::int64_t checkpoints_kept = 3;
  double ema_decay = 0.0;
  at::ScalarType dtype = at::kDouble;
  NetworkConfig network{.latency_s = 1e-3,
                        .bandwidth_Bps = 1e5,
                        .algorithm = "ring",
                        .local_latency_s = 1e-6,
                        .local_bandwidth_Bps = 1e9};
  ComputeConfig compute{.seconds_per_step = 0.01};
  ServerConfig server{};
  std::vector<Fault> faults{};
  bool goes_on = false;
  int slots = 2;
  std::string checkpoint{};  ///< folder
  bool resume = false;
  const std::atomic<bool>* stop = nullptr;

  [[nodiscard]] std::int64_t elements() const {
    std::int64_t sum = 0;
    for (const std::int64_t size : layers) sum += size;
    return sum;
  }

  [[nodiscard]] Job job() const {
    Job job;
    job.workers = workers;
    job.train = {.steps = steps,
                 .batch_size = batch,
                 .seed = seed,
                 .eval_every = eval_every,
                 .log_every = log_every,
                 .checkpoint_every = checkpoint_every,
                 .checkpoints_kept = checkpoints_kept,
                 .ema_decay = ema_decay};
    job.model = std::make_shared<ToyModel>(layers, dtype);
    job.data = std::make_shared<ToyData>(elements(), batch, dtype);
    job.optimizer = [m = momentum](const at::Tensor& parameters, const at::Tensor& gradients) {
      return std::make_unique<ToyOptimizer>(parameters, gradients, m);
    };
    job.schedule = Options(schedule_options(), {{"lr", lr}}, "the schedule");
    job.strategy = custom;
    if (!custom) {
      const StrategyEntry& entry = Registry<StrategyEntry>::instance().at(strategy);
      const Options resolved(entry.options, options, "strategy '" + strategy + "'", "strategy.");
      job.strategy = [&entry, resolved] { return entry.make(resolved); };
    }
    job.key = "toy";
    job.checkpoint_path = checkpoint;
    if (resume) job.resume = newest_checkpoint();
    job.stop = stop;
    return job;
  }

  /// @throws DataError  there is none.
  [[nodiscard]] std::shared_ptr<const Checkpoint> newest_checkpoint() const {
    auto found = Checkpoints(checkpoint).newest("toy", [](const std::string&) {});
    if (!found) throw DataError("no checkpoint in '" + checkpoint + "'");
    return std::make_shared<const Checkpoint>(std::move(*found));
  }

  [[nodiscard]] ClusterConfig cluster() const {
    return {.workers = workers,
            .network = network,
            .compute = compute,
            .server = server,
            .faults = faults,
            .goes_on = goes_on};
  }

  RunOutcome run(MetricSink& sink) const { return VirtualExecutor(cluster(), slots).run(job(), sink); }

  /// Without arithmetic.
  RunOutcome rehearse(MetricSink& sink) const {
    ClusterConfig config = cluster();
    config.carries_values = false;
    return VirtualExecutor(config, slots).run(rehearsal(job()), sink);
  }

  RunOutcome run() const {
    MemorySink sink;
    return run(sink);
  }
};

/// Wraps a strategy and keeps every worker's parameters after every step.
class Probe final : public Strategy {
 public:
  using Trace = std::vector<std::vector<at::Tensor>>;  ///< [rank][step]
  /// @param centre  where it is given, keeps what rank 0 stands for after every step.
  Probe(std::unique_ptr<Strategy> inner, Trace& trace, std::vector<at::Tensor>* centre = nullptr)
      : inner_(std::move(inner)), trace_(&trace), centre_(centre) {}
  [[nodiscard]] Traits traits() const override { return inner_->traits(); }
  void prepare(Worker& worker) override { inner_->prepare(worker); }
  void step(Worker& worker) override {
    inner_->step(worker);
    (*trace_)[static_cast<std::size_t>(worker.rank())].push_back(worker.parameters().clone());
    if (centre_ != nullptr && worker.rank() == 0) centre_->push_back(inner_->consensus(worker).parameters.clone());
  }
  ConsensusShare consensus(Worker& worker) override { return inner_->consensus(worker); }
  [[nodiscard]] Slices served(const Layout& layout) const override { return inner_->served(layout); }
  [[nodiscard]] std::int64_t served_besides(const Layout& layout) const override {
    return inner_->served_besides(layout);
  }
  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override { return inner_->serve(setup); }
  void io(Archive& archive, Worker& worker) override { inner_->io(archive, worker); }

 private:
  std::unique_ptr<Strategy> inner_;
  Trace* trace_;
  std::vector<at::Tensor>* centre_;
};

/// Every worker's parameters after every step of a run.
inline Probe::Trace trace(ToyRun run) {
  Probe::Trace trace(static_cast<std::size_t>(run.workers));
  const StrategyEntry& entry = Registry<StrategyEntry>::instance().at(run.strategy);
  const Options resolved(entry.options, run.options, "strategy", "strategy.");
  run.custom = [&] { return std::make_unique<Probe>(entry.make(resolved), trace); };
  run.run();
  return trace;
}

/// The mean over workers of their parameters after step `step` (0-based).
inline at::Tensor mean_at(const Probe::Trace& trace, std::size_t step) {
  at::Tensor sum = trace[0][step].clone();
  for (std::size_t k = 1; k < trace.size(); ++k) sum.add_(trace[k][step]);
  return sum.div_(static_cast<double>(trace.size()));
}

/// Largest absolute difference.
inline double distance(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace sac::test
