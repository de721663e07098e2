#include "engine/train/worker.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <stdexcept>

#include "engine/core/error.h"
#include "engine/optim/sums_over_parts.h"
#include "engine/train/executor.h"
#include "engine/train/pipeline.h"

namespace sac {
namespace {

/// Shares of a gradient's time after which each layer's gradient is final, last layer first: the forward pass, then the
/// layers' backward passes by their FLOPs.
std::vector<double> gradient_milestones(const Layout& layout) {
  double done = layout.forward_flops();
  const double total = done + layout.backward_flops();
  std::vector<double> shares;
  for (auto layer = layout.layers.rbegin(); layer != layout.layers.rend(); ++layer) {
    done += layer->backward_flops;
    shares.push_back(done / total);
  }
  if (!shares.empty()) shares.back() = 1.0;
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
  milestones_ = gradient_milestones(*layout_);
  network_ = model_->bind(parameters_, gradients_, buffers_);
  optimizer_ = job.optimizer(parameters_, gradients_);
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
  auto* sums = dynamic_cast<SumsOverParts*>(optimizer_.get());
  if (sums == nullptr || !sums->wants_sums() || job.pipeline->stages() == 1) return;
  const std::shared_ptr<Communicator> stages = endpoint_->comm().split(rank_);
  sums->sum_by([stages](const at::Tensor& number) { stages->all_reduce(number, Reduce::kSum); });
}

std::int64_t Worker::stage() const { return pipeline_ ? pipeline_->stage() : 0; }

bool Worker::speaks_for_replica() const { return !pipeline_ || pipeline_->last(); }

void Worker::draw(Batch& batch) const {
  data_->train_batch(rank_ / parts_, world_size_ / parts_, step_, rank_ % parts_, parts_, batch);
}

LossValue Worker::compute_gradients(const GradientReady& ready) {
  static constexpr double kWhole[] = {1.0};
  computed_ = true;
  if (pipeline_) {
    const auto draw_here = [this](Batch& batch) { draw(batch); };
    const PipelineStep step = pipeline_->run(batches_.at(step_) / parts_, draw_here, ready);
    if (step.bubble) report(kBubble, *step.bubble);
    return last_loss_ = step.loss;
  }
  const std::span<const double> milestones = ready ? std::span<const double>(milestones_) : kWhole;
  endpoint_->compute(batches_.share(step_) / parts_, milestones, [&](ComputePace& pace) {
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
