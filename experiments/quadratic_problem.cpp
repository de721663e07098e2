#include "experiments/quadratic_problem.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>

#include "engine/core/random.h"
#include "engine/fabric/virtual/executor.h"
#include "engine/train/rehearsal.h"

namespace sac {
namespace {

constexpr std::int64_t kSizes[] = {6, 3, 8, 2};
constexpr std::int64_t kElements = 19;

at::Tensor normals(std::uint64_t seed, std::int64_t count) {
  RandomStream stream(seed, 0, Purpose::kSynthetic);
  at::Tensor values = at::empty({count}, at::TensorOptions(at::kDouble));
  auto* value = values.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < count; ++i) value[i] = stream.normal();
  return values;
}

class QuadraticModel final : public Model {
 public:
  QuadraticModel() {
    std::int64_t begin = 0;
    for (const std::int64_t size : kSizes) {
      const auto flops = static_cast<double>(size);
      layout_.layers.push_back({.name = "layer" + std::to_string(layout_.layers.size()),
                                .parameters = {begin, begin + size},
                                .buffers = {0, 0},
                                .forward_flops = flops,
                                .backward_flops = 2.0 * flops});
      begin += size;
    }
  }
  [[nodiscard]] const Layout& layout() const override { return layout_; }
  [[nodiscard]] at::ScalarType dtype() const override { return at::kDouble; }
  void initialise(const at::Tensor& parameters, const at::Tensor& /*buffers*/, std::uint64_t /*seed*/) const override {
    parameters.copy_(quadratic_start());
  }
  [[nodiscard]] std::unique_ptr<Network> bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                              const at::Tensor& /*buffers*/) const override {
    return std::make_unique<Bound>(layout_, parameters, gradients);
  }

 private:
  class Bound final : public Network {
   public:
    Bound(const Layout& layout, at::Tensor parameters, at::Tensor gradients)
        : layout_(&layout), parameters_(std::move(parameters)), gradients_(std::move(gradients)) {}
    LossValue compute_gradients(const Batch& batch, const GradientReady& ready) override {
      gradients_.copy_(parameters_.sub(batch.inputs.mean(0)));
      for (auto layer = static_cast<int>(layout_->layers.size()) - 1; ready && layer >= 0; --layer) ready(layer);
      return loss(batch) / static_cast<double>(batch.inputs.size(0));
    }
    EvalSums evaluate(const Batch& batch) override {
      return {.loss = loss(batch), .correct = 0, .count = batch.inputs.size(0)};
    }

   private:
    [[nodiscard]] double loss(const Batch& batch) const {
      return parameters_.sub(batch.inputs).square().sum().item<double>() / 2.0;
    }
    const Layout* layout_;
    at::Tensor parameters_, gradients_;
  };
  Layout layout_;
};

class QuadraticBatches final : public BatchSource {
 public:
  QuadraticBatches(std::int64_t batch_size, bool still) : batch_size_(batch_size), still_(still) {}
  [[nodiscard]] std::int64_t train_size() const override { return 1 << 20; }
  [[nodiscard]] std::int64_t eval_size() const override { return 8; }
  void train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const override {
    const std::int64_t share = batch_size_ / parts;
    fill((step * members + member) * batch_size_ + part * share, share, batch);
  }
  void eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const override {
    fill((std::int64_t{1} << 30) + begin, end - begin, batch);
  }

 private:
  void fill(std::int64_t position, std::int64_t count, Batch& batch) const {
    std::vector<at::Tensor> targets;
    for (std::int64_t i = position; i < position + count; ++i) {
      targets.push_back(still_ ? quadratic_start() : normals(static_cast<std::uint64_t>(i) + 2, kElements));
    }
    batch.inputs = at::stack(targets);
  }
  std::int64_t batch_size_;
  bool still_;
};

/// Keeps each worker's parameters as they are after its last step.
class Kept final : public Strategy {
 public:
  Kept(std::unique_ptr<Strategy> inner, std::vector<at::Tensor>& ends) : inner_(std::move(inner)), ends_(&ends) {}
  [[nodiscard]] Traits traits() const override { return inner_->traits(); }
  void prepare(Worker& worker) override { inner_->prepare(worker); }
  void step(Worker& worker) override {
    inner_->step(worker);
    (*ends_)[static_cast<std::size_t>(worker.rank())] = worker.parameters();
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
  std::vector<at::Tensor>* ends_;
};

class Silence final : public MetricSink {
 public:
  void begin(const RunContext& /*context*/) override {}
  void record(std::span<const MetricPoint> /*points*/) override {}
  void progress(const Progress& /*progress*/) override {}
  void finish(const RunOutcome& /*outcome*/) override {}
};

std::unique_ptr<Strategy> make_strategy(const QuadraticProblem& problem) {
  if (problem.custom) return problem.custom();
  const StrategyEntry& entry = Registry<StrategyEntry>::instance().at(problem.strategy);
  return entry.make(Options(entry.options, problem.options, "strategy '" + problem.strategy + "'", "strategy."));
}

ClusterConfig cluster_of(const QuadraticProblem& problem) {
  const NetworkConfig slow{.latency_s = 1e-3,
                           .bandwidth_Bps = 1e5,
                           .algorithm = "ring",
                           .local_latency_s = 1e-6,
                           .local_bandwidth_Bps = 1e9};
  const NetworkConfig free{.bandwidth_Bps = 1e15, .algorithm = "ring", .local_bandwidth_Bps = 1e15};
  ClusterConfig cluster;
  cluster.workers = problem.workers;
  cluster.network = problem.only_times ? free : slow;
  cluster.compute =
      problem.only_times ? *problem.only_times : ComputeConfig{.model = problem.compute, .seconds_per_step = 0.01};
  cluster.carries_values = !problem.only_times;
  return cluster;
}

}  // namespace

at::Tensor quadratic_start() { return normals(0, kElements); }

double quadratic_start_loss() {
  Batch batch;
  const QuadraticBatches batches(1, false);
  batches.eval_batch(0, batches.eval_size(), batch);
  return quadratic_start().sub(batch.inputs).square().sum().item<double>() / 2.0 /
         static_cast<double>(batches.eval_size());
}

at::Tensor QuadraticOutcome::mean() const { return at::stack(replicas).mean(0); }

Traits quadratic_traits(const QuadraticProblem& problem) { return make_strategy(problem)->traits(); }

QuadraticOutcome solve(const QuadraticProblem& problem) {
  QuadraticOutcome outcome;
  outcome.replicas.resize(static_cast<std::size_t>(problem.workers));
  Job job;
  job.workers = problem.workers;
  job.train = {.steps = problem.steps, .batch_size = problem.batch_size, .seed = kQuadraticSeed};
  job.model = std::make_shared<QuadraticModel>();
  job.data = std::make_shared<QuadraticBatches>(problem.batch_size, problem.still);
  const OptimizerEntry& optimizer = Registry<OptimizerEntry>::instance().at(problem.optimizer);
  job.optimizer = optimizer.make(
      Options(optimizer.options, problem.optimizer_options, "optimizer '" + problem.optimizer + "'", "optimizer."), {});
  job.schedule = Options(schedule_options(), {{"lr", problem.lr}}, "the schedule");
  job.strategy = [&] { return std::make_unique<Kept>(make_strategy(problem), outcome.replicas); };
  job.key = "quadratic";
  Silence silence;
  if (problem.only_times) {
    job.train.log_every = problem.steps;
    job = rehearsal(job);
  }
  outcome.run = VirtualExecutor(cluster_of(problem), problem.slots).run(job, silence);
  return outcome;
}

}  // namespace sac
