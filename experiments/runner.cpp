#include "experiments/runner.h"

#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>

#include "datasets/content.h"
#include "engine/core/error.h"
#include "engine/core/value.h"
#include "engine/fabric/group/executor.h"
#include "engine/fabric/virtual/executor.h"
#include "engine/nn/pretrained.h"
#include "engine/nn/safetensors.h"
#include "engine/optim/wrap.h"
#include "engine/parallel/parallel.h"
#include "engine/train/device_batches.h"
#include "engine/train/prefetched_batches.h"
#include "experiments/dataset_batches.h"
#include "experiments/device.h"
#include "experiments/loader.h"
#include "experiments/machine.h"
#include "experiments/provenance.h"
#include "experiments/run_context.h"
#include "experiments/run_key.h"

namespace sac {
namespace {

/// Freed memory is kept: activations come and go every step, and giving their pages back to the system costs 5 to 8 %
/// of a cnn's time.
void prepare_process() {
  static const bool done = [] {
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    at::set_num_interop_threads(1);
    at::set_num_threads(1);
    return true;
  }();
  static_cast<void>(done);
}

/// Threads are for workers; where there are more than workers, each worker's operations share them: 1, 2, 4, ..., for
/// which oneDNN's convolutions give the same bits (for 3 some do not).  @return the slots.
int share_threads(int threads, std::int64_t workers, bool real) {
  const int slots = static_cast<int>(std::min<std::int64_t>(threads, workers));
  set_operation_threads(real ? 1 : static_cast<int>(std::bit_floor(static_cast<unsigned>(threads / slots))));
  return slots;
}

std::shared_ptr<const Model> make_model(const RunSpec& spec, const Dataset& data, const Numerics& numerics) {
  const Options& options = spec.table("model");
  const SampleShape sample{data.channels, data.height, data.width, data.vocabulary};
  auto model = Registry<ModelEntry>::instance().at(spec.choice("model")).make(options, sample, data.classes, numerics);
  const std::string& weights = options.text("weights");
  return weights.empty() ? model : pretrained(std::move(model), weights);
}

OptimizerFactory make_optimizer(const std::string& name, const Options& options, const Layout& layout) {
  TensorShapes shapes;
  for (const TensorInfo& tensor : layout.parameters) shapes.push_back(tensor.shape);
  return wrapped(Registry<OptimizerEntry>::instance().at(name).make(options, shapes), options);
}

/// Real ranks are one worker a process.
Company company(const RunSpec& spec, const RunSettings& settings, const at::Device& device) {
  const int workers = settings.launch ? 1 : static_cast<int>(spec.workers());
  return {.cores = usable_cores(),
          .processes = settings.launch ? settings.launch->local_world_size : 1,
          .computing = !device.is_cpu()  ? 0
                       : settings.launch ? 1
                                         : settings.slots,
          .workers = workers};
}

std::shared_ptr<const BatchSource> make_batches(const RunSpec& spec, Dataset data, const TrainConfig& train,
                                                const ComputeChoice& compute, const RunSettings& settings) {
  const LoaderConfig loader =
      loader_config(spec.table("data"), data, company(spec, settings, compute.device), train.steps);
  const std::span<const std::int64_t> targets(data.train.targets.const_data_ptr<std::int64_t>(),
                                              static_cast<std::size_t>(data.train.size()));
  Sampler sampler(partition_config(spec.table("data")), targets, spec.replicas(), train.batches(), train.seed);
  const TrainingChanges changes{augmentation(spec.table("data")), label_mix(spec.table("data")), train.seed};
  std::shared_ptr<const BatchSource> batches =
      std::make_shared<DatasetBatches>(std::move(data), std::move(sampler), compute.numerics.dtype, changes);
  if (loader.threads > 0) batches = std::make_shared<PrefetchedBatches>(std::move(batches), loader);
  if (compute.device.is_cpu()) return batches;
  return std::make_shared<DeviceBatches>(std::move(batches), compute.device);
}

/// @throws ConfigError  no file can be written there.
void check_writable(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) throw ConfigError("--save '" + path.string() + "' is a folder, not a file");
  const std::filesystem::path part = path.string() + ".part";
  if (!std::ofstream(part)) {
    throw ConfigError("--save '" + path.string() + "' cannot be written: " + std::strerror(errno));
  }
  std::filesystem::remove(part);
}

/// Writes the model that is evaluated after the last step.
/// @throws ConfigError  there is no such folder, or no file can be written there.
Evaluated save_last(const Job& job, const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  if (!std::filesystem::is_directory(folder)) {
    throw ConfigError("--save '" + path.string() + "': '" + folder.string() + "' is not a folder");
  }
  check_writable(path);
  return [layout = job.model->layout(), path, last = job.train.steps](std::int64_t step, const at::Tensor& parameters,
                                                                      const at::Tensor& buffers) {
    if (step == last) save_safetensors(path, layout, parameters, buffers);
  };
}

std::optional<PipelineFacts> pipeline_facts(const Job& job) {
  if (!job.pipeline) return std::nullopt;
  const PipelinePlan& plan = *job.pipeline;
  return PipelineFacts{.flop_shares = plan.flop_shares,
                       .micro_batches = plan.micro_batches,
                       .schedule = plan.gpipe ? "gpipe" : "1f1b",
                       .bubble_law = plan.bubble_law()};
}

/// @throws ConfigError  the model that is evaluated lies on a server, which keeps no average of it.
void check_average(const RunSpec& spec, const Job& job) {
  if (job.train.ema_decay == 0.0 || !job.strategy()->traits().server) return;
  throw ConfigError("train.ema_decay = " + shortest(job.train.ema_decay) + " does not go with strategy '" +
                    spec.choice("strategy") + "': the model that is evaluated lies on its server; give 0");
}

/// @throws ConfigError  the model has no statistics, or not all workers compute together.
void check_statistics(const RunSpec& spec, const Job& job) {
  if (job.train.statistics == BatchStatistics::kAveraged) return;
  const std::string& chosen = spec.table("train").text("batch_norm");
  const auto refuse = [&chosen](const std::string& why) {
    throw ConfigError("train.batch_norm = \"" + chosen + "\" " + why + "; leave it \"averaged\"");
  };
  if (job.model->layout().buffer_count() == 0) {
    refuse("needs a model with batch normalisation, model '" + spec.choice("model") + "' has none");
  }
  if (job.train.statistics == BatchStatistics::kLocal) return;
  const Traits traits = job.strategy()->traits();
  if (traits.server || !traits.every_step) {
    refuse("needs workers that all compute at every step, those of strategy '" + spec.choice("strategy") + "' do not");
  }
  if (job.pipeline) refuse("does not go with cluster.pipeline or cluster.micro_batches");
}

RunContext context_of(const RunSpec& spec, const Job& job, const RunKey& key, const RunSettings& settings) {
  RunContext context = run_context(spec, job.train, key);
  context.parameters = job.model->layout().parameter_count();
  context.provenance = provenance(settings.argv, settings.slots);
  context.pipeline = pipeline_facts(job);
  return context;
}

/// LibTorch's messages carry a backtrace below their first line.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Marks the run failed; a sink that fails too must not hide the first error.
void finish_failed(MetricSink& sink, const std::string& error) {
  RunOutcome outcome;
  outcome.status = RunStatus::kFailed;
  outcome.error = error;
  try {
    sink.finish(outcome);
  } catch (const std::exception&) {
  }
}

RunOutcome run_to_end(const PreparedRun& run, MetricSink& sink) {
  try {
    return make_executor(run)->run(run.job, sink);
  } catch (const Error& error) {
    finish_failed(sink, error.what());
    throw;
  } catch (const std::bad_alloc&) {
    finish_failed(sink, "out of memory");
    throw RunError("out of memory");
  } catch (const std::exception& error) {
    finish_failed(sink, first_line(error.what()));
    throw RunError(first_line(error.what()));
  }
}

GroupConfig group_config(const RunSpec& spec, const ClusterConfig& cluster) {
  const Options& options = spec.table("cluster");
  if (!cluster.server.locks && options.text("fabric") != "virtual") {
    throw ConfigError(
        "cluster.server.updates = \"lock_free\" is for the virtual cluster: a shard of real ranks takes "
        "updates one after the other; leave it out");
  }
  return {.backend = options.text("fabric") == "nccl" ? Backend::kNccl : Backend::kGloo,
          .timeout = Seconds(options.number("timeout_s")),
          .shards = cluster.server.shards};
}

}  // namespace

std::unique_ptr<Executor> make_executor(const PreparedRun& run) {
  if (!run.launch) return std::make_unique<VirtualExecutor>(run.cluster, run.slots);
  return std::make_unique<GroupExecutor>(*run.launch, run.group);
}

PreparedRun prepare_run(const RunSpec& given, const RunSettings& settings) {
  prepare_process();
  const ComputeChoice compute = compute_choice(given.table("train"), given.table("cluster").text("fabric"),
                                               settings.launch ? settings.launch->local_rank : 0);
  prepare_device(compute, given.table("train"));
  DataCache own;
  DataCache& cache = settings.data ? *settings.data : own;
  Dataset data = cache.load(given.choice("data"), given.table("data"), {.data_dir = settings.data_dir});
  PreparedRun run;
  run.launch = settings.launch;
  run.slots = share_threads(settings.slots, given.workers(), settings.launch.has_value());
  run.cluster = cluster_config(given.table("cluster"), given.table("cluster.network"), given.table("cluster.compute"),
                               given.table("cluster.server"));
  if (settings.timeline > 0 && !run.launch) {
    run.timeline = std::make_shared<Timeline>(run.cluster.workers, settings.timeline);
    run.cluster.timeline = run.timeline.get();
  }
  run.group = group_config(given, run.cluster);
  run.job.workers = given.workers();
  run.job.train = train_config(given.table("train"), data.train.size(), given.replicas());
  const RunSpec spec = with_device(with_steps(given, run.job.train.steps), compute.device_key());
  run.job.device = compute.device;
  run.job.model = make_model(spec, data, compute.numerics);
  const RunKey key = run_key(spec, data.hash, weights_hash(spec));
  run.job.data = make_batches(spec, std::move(data), run.job.train, compute, settings);
  const auto optimizer = [&spec](const Layout& layout) {
    return make_optimizer(spec.choice("optimizer"), spec.table("optimizer"), layout);
  };
  run.job.optimizer = optimizer(run.job.model->layout());
  run.job.pipeline = plan_pipeline(pipeline_config(spec.table("cluster"), spec.table("cluster.compute")),
                                   *run.job.model, run.job.train.batches(), optimizer);
  run.job.schedule = spec.table("optimizer");
  run.job.strategy = [&entry = Registry<StrategyEntry>::instance().at(spec.choice("strategy")),
                      options = spec.table("strategy")] { return entry.make(options); };
  check_average(spec, run.job);
  check_statistics(spec, run.job);
  run.job.key = key.run;
  run.job.spec = canonical_toml(spec);
  run.job.stop = settings.stop;
  if (!settings.save.empty()) run.job.evaluated = save_last(run.job, settings.save);
  run.context = context_of(spec, run.job, key, settings);
  return run;
}

RunOutcome execute(PreparedRun run, MetricSink& sink, const std::function<std::string()>& checkpoints) {
  sink.begin(run.context);
  run.job.checkpoint_path = checkpoints();
  const RunOutcome outcome = run_to_end(run, sink);
  sink.finish(outcome);
  return outcome;
}

}  // namespace sac
