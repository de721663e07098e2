#pragma once
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/fabric/virtual/executor.h"
#include "engine/train/executor.h"
#include "engine/train/rehearsal.h"

namespace sac::test {

/// A model whose every number is known: loss(x; t) = mean over elements of (x - t)^2 / 2 times D, so that the gradient
/// of a batch is x - mean of its targets. Layers of the given sizes, even ones matrices of two columns; `inputs` of a
/// batch are its targets [B, D].
class ToyModel final : public Model {
 public:
  explicit ToyModel(std::vector<std::int64_t> layer_sizes, at::ScalarType dtype = at::kDouble) : dtype_(dtype) {
    std::int64_t begin = 0;
    for (const std::int64_t size : layer_sizes) {
      const int layer = static_cast<int>(layout_.layers.size());
      layout_.layers.push_back({.name = "layer" + std::to_string(layer),
                                .parameters = {begin, begin + size},
                                .buffers = {0, 0},
                                .forward_flops = 1.0 * static_cast<double>(size),
                                .backward_flops = 2.0 * static_cast<double>(size)});
      const bool matrix = size % 2 == 0;
      layout_.parameters.push_back({.name = layout_.layers.back().name + ".weight",
                                    .shape = matrix ? std::vector<std::int64_t>{size / 2, 2} : std::vector{size},
                                    .range = {begin, begin + size},
                                    .layer = layer});
      begin += size;
    }
  }
  [[nodiscard]] const Layout& layout() const override { return layout_; }
  [[nodiscard]] at::ScalarType dtype() const override { return dtype_; }
  void initialise(const at::Tensor& parameters, const at::Tensor&, std::uint64_t seed) const override {
    RandomStream stream(seed, 0, Purpose::kInitialisation);
    for (std::int64_t i = 0; i < parameters.numel(); ++i) parameters[i] = stream.normal();
  }
  [[nodiscard]] std::unique_ptr<Network> bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                              const at::Tensor&) const override {
    return std::make_unique<Bound>(layout_, parameters, gradients);
  }

 private:
  class Bound final : public Network {
   public:
    Bound(const Layout& layout, at::Tensor parameters, at::Tensor gradients)
        : layout_(&layout), parameters_(std::move(parameters)), gradients_(std::move(gradients)) {}
    LossValue compute_gradients(const Batch& batch, const GradientReady& ready) override {
      const at::Tensor difference = parameters_ - batch.inputs;
      const at::Tensor mean = difference.mean(0);
      for (int layer = static_cast<int>(layout_->layers.size()) - 1; layer >= 0; --layer) {
        const Range range = layout_->layers[static_cast<std::size_t>(layer)].parameters;
        gradients_.narrow(0, range.begin, range.size()).copy_(mean.narrow(0, range.begin, range.size()));
        if (ready) ready(layer);
      }
      return difference.square().sum().item<double>() / 2.0 / static_cast<double>(batch.inputs.size(0));
    }
    EvalSums evaluate(const Batch& batch) override {
      const double loss = (parameters_ - batch.inputs).square().sum().item<double>() / 2.0;
      return {.loss = loss, .correct = 0, .count = batch.inputs.size(0)};
    }

   private:
    const Layout* layout_;
    at::Tensor parameters_, gradients_;
  };

  Layout layout_;
  at::ScalarType dtype_;
};

/// Targets drawn from a stream a position: member m's batch at its step t is stream positions (t * members + m) * B on.
class ToyData final : public BatchSource {
 public:
  ToyData(std::int64_t elements, std::int64_t batch_size, at::ScalarType dtype = at::kDouble)
      : elements_(elements), batch_size_(batch_size), dtype_(dtype) {}
  [[nodiscard]] std::int64_t train_size() const override { return 1 << 20; }
  [[nodiscard]] std::int64_t eval_size() const override { return 7; }
  void train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const override {
    const std::int64_t share = batch_size_ / parts;
    fill((step * members + member) * batch_size_ + part * share, share, batch);
  }
  void eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const override {
    fill((std::int64_t{1} << 30) + begin, end - begin, batch);
  }

 private:
  void fill(std::int64_t position, std::int64_t count, Batch& batch) const {
    batch.inputs = at::empty({count, elements_}, at::TensorOptions(dtype_));
    for (std::int64_t i = 0; i < count; ++i) {
      RandomStream stream(static_cast<std::uint64_t>(position + i), 0, Purpose::kSynthetic);
      for (std::int64_t j = 0; j < elements_; ++j) batch.inputs[i][j] = stream.normal();
    }
  }
  std::int64_t elements_, batch_size_;
  at::ScalarType dtype_;
};

/// Plain SGD with heavy-ball momentum, tensor by tensor: the reference the laws are checked against.
class ToyOptimizer final : public Optimizer {
 public:
  ToyOptimizer(at::Tensor parameters, at::Tensor gradients, double momentum)
      : parameters_(std::move(parameters)), gradients_(std::move(gradients)), momentum_(momentum) {
    if (momentum > 0.0) velocity_ = at::zeros(parameters_.sizes(), parameters_.options());
  }
  void step(double lr) override {
    ++steps_;
    if (momentum_ <= 0.0) {
      parameters_.sub_(gradients_ * lr);
      return;
    }
    velocity_.mul_(momentum_).add_(gradients_);
    parameters_.sub_(velocity_ * lr);
  }
  [[nodiscard]] std::vector<at::Tensor> state() const override {
    return velocity_.defined() ? std::vector<at::Tensor>{velocity_} : std::vector<at::Tensor>{};
  }
  [[nodiscard]] std::int64_t steps_done() const override { return steps_; }
  void set_steps_done(std::int64_t steps) override { steps_ = steps; }

 private:
  at::Tensor parameters_, gradients_, velocity_;
  double momentum_;
  std::int64_t steps_ = 0;
};

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
