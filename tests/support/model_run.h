#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/optim/wrap.h"
#include "engine/train/checkpoints.h"
#include "engine/train/pipeline_plan.h"
#include "tests/nn/replica.h"
#include "tests/support/toy.h"

namespace sac::test {

/// Random samples that fit a model, a function of their place alone.
class RandomBatches final : public BatchSource {
 public:
  RandomBatches(SampleShape sample, std::int64_t batch_size) : sample_(sample), batch_size_(batch_size) {}
  [[nodiscard]] std::int64_t train_size() const override { return 1 << 20; }
  [[nodiscard]] std::int64_t eval_size() const override { return 5; }
  void train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const override {
    batch = random_batch(batch_size_, sample_, at::kDouble, static_cast<std::uint64_t>(step * members + member + 1));
    const std::int64_t share = batch_size_ / parts;
    batch.inputs = batch.inputs.narrow(0, part * share, share);
    batch.targets = batch.targets.narrow(0, part * share, share);
  }
  void eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const override {
    batch = random_batch(end - begin, sample_, at::kDouble, static_cast<std::uint64_t>(1'000'000 + begin));
  }

 private:
  SampleShape sample_;
  std::int64_t batch_size_;
};

/// A run of a real model in float64, whole or in a pipeline: change what a test is about, then run().
struct ModelRun {
  std::string model = "mlp";
  ValueMap model_options{};
  std::string strategy = "sync_sgd";
  ValueMap options{};
  std::int64_t replicas = 1;
  PipelineConfig pipeline{};
  std::int64_t batch = 6;
  std::int64_t steps = 3;
  double momentum = 0.9;
  double clip_norm = 0.0;
  std::int64_t log_every = 1;
  NetworkConfig network{.latency_s = 1e-4, .bandwidth_Bps = 1e8, .local_latency_s = 1e-6, .local_bandwidth_Bps = 1e9};
  ComputeConfig compute{.seconds_per_step = 0.01};
  int slots = 2;
  std::string checkpoint{};
  bool resume = false;
  const std::atomic<bool>* stop = nullptr;
  Evaluated evaluated{};
  /// Changes what the stages are made of.
  std::function<void(PipelinePlan&)> change{};

  [[nodiscard]] std::int64_t workers() const { return replicas * pipeline.stages; }
  [[nodiscard]] std::shared_ptr<const Model> make() const {
    return make_model(model, fitting_sample(model), at::kDouble, model_options);
  }

  [[nodiscard]] Job job() const {
    Job job;
    job.workers = workers();
    job.train = {.steps = steps, .batch_size = batch, .seed = 3, .log_every = log_every};
    job.model = make();
    job.data = std::make_shared<RandomBatches>(fitting_sample(model), batch);
    const auto plain = [m = momentum](const at::Tensor& parameters, const at::Tensor& gradients) {
      return std::make_unique<ToyOptimizer>(parameters, gradients, m);
    };
    job.optimizer = wrapped(plain, Options(wrap_options(), {{"clip_norm", clip_norm}}, "the optimiser"));
    job.schedule = Options(schedule_options(), {{"lr", 0.05}}, "the schedule");
    const auto plan =
        plan_pipeline(pipeline, *job.model, batch, [&](const Layout& /*layout*/) { return job.optimizer; });
    if (plan && change) {
      auto changed = std::make_shared<PipelinePlan>(*plan);
      change(*changed);
      job.pipeline = changed;
    } else {
      job.pipeline = plan;
    }
    const StrategyEntry& entry = Registry<StrategyEntry>::instance().at(strategy);
    const Options resolved(entry.options, options, "strategy '" + strategy + "'", "strategy.");
    job.strategy = [&entry, resolved] { return entry.make(resolved); };
    job.key = "model run";
    job.checkpoint_path = checkpoint;
    if (resume) job.resume = newest_checkpoint();
    job.stop = stop;
    job.evaluated = evaluated;
    return job;
  }

  [[nodiscard]] std::shared_ptr<const Checkpoint> newest_checkpoint() const {
    auto found = Checkpoints(checkpoint).newest("model run", [](const std::string&) {});
    return std::make_shared<const Checkpoint>(std::move(found).value());
  }

  [[nodiscard]] ClusterConfig cluster() const {
    return {.workers = workers(), .network = network, .compute = compute, .server = {}};
  }
  RunOutcome run(MetricSink& sink) const { return VirtualExecutor(cluster(), slots).run(job(), sink); }
  RunOutcome run() const {
    MemorySink sink;
    return run(sink);
  }
  RunOutcome rehearse() const {
    ClusterConfig config = cluster();
    config.carries_values = false;
    MemorySink sink;
    return VirtualExecutor(config, slots).run(rehearsal(job()), sink);
  }
};

/// Where a run ends.
struct ModelEnd {
  at::Tensor parameters, buffers;
  RunOutcome outcome;
};

inline ModelEnd end_of(ModelRun run) {
  ModelEnd end;
  run.evaluated = [&](std::int64_t, const at::Tensor& parameters, const at::Tensor& buffers) {
    end.parameters = parameters.clone();
    end.buffers = buffers.clone();
  };
  end.outcome = run.run();
  return end;
}

}  // namespace sac::test
