#include "engine/train/worker.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <stdexcept>

#include "engine/core/error.h"
#include "engine/train/executor.h"
#include "engine/train/pipeline.h"

namespace sac {
namespace {

/// What happens in the midst of a gradient.
struct Midway {
  bool ready = false;       ///< each layer's gradient is final, last layer first
  bool statistics = false;  ///< before a normalising layer's forward and backward pass they are summed
};

/// Shares of a gradient's time at which these happen, by the layers' FLOPs; the last is 1.
std::vector<double> milestones(const Layout& layout, const Midway& midway) {
  const double total = layout.forward_flops() + layout.backward_flops();
  double done = 0.0;
  std::vector<double> shares;
  const auto sums = [&](const LayerInfo& layer) {
    if (midway.statistics && layer.normalises()) shares.push_back(done / total);
  };
  for (const LayerInfo& layer : layout.layers) {
    sums(layer);
    done += layer.forward_flops;
  }
  for (auto layer = layout.layers.rbegin(); layer != layout.layers.rend(); ++layer) {
    sums(*layer);
    done += layer->backward_flops;
    if (midway.ready) shares.push_back(done / total);
  }
  if (midway.ready && !shares.empty()) shares.pop_back();
  shares.push_back(1.0);
  return shares;
}

}  // namespace

Worker::Worker(const Job& job, int rank, Endpoint& endpoint)
    : rank_(rank % static_cast<int>(job.replicas())),
      world_size_(static_cast<int>(job.replicas())),
      total_steps_(job.train.steps),
      seed_(job.train.seed),
      batches_(job.train.batches()),
      model_(job.model),
      layout_(&model_->layout()),
      part_{0, layout_->parameter_count()},
      data_(job.data),
      endpoint_(&endpoint),
      parameters_(at::empty({part_.size()}, job.tensor_options())),
      buffers_(at::empty({layout_->buffer_count()}, job.tensor_options())),
      schedule_(job.schedule, job.train.steps),
      random_(job.train.seed, static_cast<std::uint32_t>(rank_), Purpose::kStrategy) {
  model_->initialise(parameters_, buffers_, seed_);
  job.pipeline ? enter_pipeline(job, rank) : hold_model(job);
}

void Worker::hold_model(const Job& job) {
  gradients_ = at::zeros({part_.size()}, job.tensor_options());
  network_ = model_->bind(parameters_, gradients_, buffers_);
  optimizer_ = job.optimizer(parameters_, gradients_);
  const bool sums = job.train.statistics == BatchStatistics::kSynchronised && world_size_ > 1;
  milestones_ = milestones(*layout_, {.statistics = sums});
  ready_milestones_ = milestones(*layout_, {.ready = true, .statistics = sums});
  if (sums) synchronise_statistics();
}

/// On a communicator of their own: whatever a strategy has under way is not in their way.
void Worker::synchronise_statistics() {
  statistics_comm_ = endpoint_->comm().split(0);
  network_->synchronise(
      [this](const at::Tensor& sums) { pace_->milestone([&] { statistics_comm_->all_reduce(sums, Reduce::kSum); }); });
}

Worker::~Worker() = default;

/// Keeps of the model what its stage holds.
void Worker::enter_pipeline(const Job& job, int rank) {
  const int stage = rank / world_size_;
  const StagePart& mine = job.pipeline->parts[static_cast<std::size_t>(stage)];
  const Range buffers = mine.stage->buffers();
  layout_ = &mine.stage->layout();
  part_ = mine.stage->parameters();
  parameters_ = parameters_.narrow(0, part_.begin, part_.size()).clone();
  buffers_ = buffers_.narrow(0, buffers.begin, buffers.size()).clone();
  gradients_ = at::zeros({part_.size()}, job.tensor_options());
  stage_comm_ = endpoint_->comm().split(stage);
  pipeline_ = std::make_unique<Pipeline>(job.pipeline, rank, world_size_, *endpoint_, parameters_, gradients_, buffers_,
                                         batches_.size());
  optimizer_ = mine.optimizer(parameters_, gradients_);
  if (!optimizer_->sums_over_parts() || job.pipeline->stages() == 1) return;
  const std::shared_ptr<Communicator> stages = endpoint_->comm().split(rank_);
  optimizer_->sum_over_parts_by([stages](const at::Tensor& number) { stages->all_reduce(number, Reduce::kSum); });
}

std::int64_t Worker::stage() const { return pipeline_ ? pipeline_->stage() : 0; }

bool Worker::speaks_for_replica() const { return !pipeline_ || pipeline_->last(); }

void Worker::draw(Batch& batch) const {
  data_->train_batch(rank_ / parts_, world_size_ / parts_, step_, rank_ % parts_, parts_, batch);
}

LossValue Worker::compute_gradients(const GradientReady& ready) {
  computed_ = true;
  if (pipeline_) {
    const auto draw_here = [this](Batch& batch) { draw(batch); };
    const PipelineStep step = pipeline_->run(batches_.at(step_) / parts_, draw_here, ready);
    if (step.bubble) report(kBubble, *step.bubble);
    return last_loss_ = step.loss;
  }
  endpoint_->compute(batches_.share(step_) / parts_, ready ? ready_milestones_ : milestones_, [&](ComputePace& pace) {
    pace_ = &pace;
    draw(batch_);
    if (!ready) {
      last_loss_ = network_->compute_gradients(batch_, {});
      return;
    }
    last_loss_ = network_->compute_gradients(batch_, [&](int layer) { pace.milestone([&] { ready(layer); }); });
  });
  return last_loss_;
}

bool Worker::try_gradients() {
  if (pipeline_) throw std::logic_error("a pipeline cannot be called off midway");
  LossValue loss;
  const bool done = endpoint_->compute_unless_called_off(batches_.share(step_), [&] {
    data_->train_batch(rank_, world_size_, step_, 0, 1, batch_);
    loss = network_->compute_gradients(batch_, {});
  });
  if (done) last_loss_ = loss;
  computed_ = done;
  return done;
}

void Worker::share_batches(int parts) {
  if (parts < 1 || world_size_ % parts != 0) {
    throw ConfigError("a mini-batch cannot be shared by " + std::to_string(parts) + " workers: it must divide " +
                      (pipeline_ ? "the number of replicas, " : "cluster.workers = ") + std::to_string(world_size_));
  }
  if (batches_.size() % parts != 0) {
    throw ConfigError("a mini-batch cannot be shared by " + std::to_string(parts) +
                      " workers: it must divide train.batch_size = " + std::to_string(batches_.size()));
  }
  if (batches_.grows() && parts > 1) {
    throw ConfigError("a mini-batch that grows cannot be shared by " + std::to_string(parts) +
                      " workers; leave train.batch_warmup_steps = 0");
  }
  if (pipeline_ && pipeline_->micro_batches() > batches_.size() / parts) {
    throw ConfigError("cluster.micro_batches = " + std::to_string(pipeline_->micro_batches()) +
                      " is more than the train.batch_size / " + std::to_string(parts) + " = " +
                      std::to_string(batches_.size() / parts) + " samples that a worker takes of a shared mini-batch");
  }
  parts_ = parts;
}

std::int64_t Worker::samples_seen() const { return (batches_.before(step_) - idle_samples_) / parts_; }

void Worker::io(Archive& archive) {
  double loss = last_loss_.value();
  archive.io(step_, idle_samples_, loss, random_);
  last_loss_ = loss;
  for (const at::Tensor& tensor : {parameters_, gradients_, buffers_}) archive.io_in_place(tensor);
  for (const at::Tensor& tensor : optimizer_->state()) archive.io_in_place(tensor);
  std::int64_t updates = optimizer_->steps_done();
  archive.io(updates, reported_);
  if (archive.reading()) optimizer_->set_steps_done(updates);
}

}  // namespace sac
