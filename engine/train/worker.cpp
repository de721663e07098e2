#include "engine/train/worker.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "engine/core/error.h"
#include "engine/train/executor.h"

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
    : rank_(rank),
      world_size_(static_cast<int>(job.workers)),
      total_steps_(job.train.steps),
      seed_(job.train.seed),
      batch_size_(job.train.batch_size),
      model_(job.model),
      data_(job.data),
      endpoint_(&endpoint),
      parameters_(at::empty({model_->layout().parameter_count()}, job.tensor_options())),
      gradients_(at::zeros({model_->layout().parameter_count()}, job.tensor_options())),
      buffers_(at::empty({model_->layout().buffer_count()}, job.tensor_options())),
      schedule_(job.schedule, job.train.steps),
      random_(job.train.seed, static_cast<std::uint32_t>(rank), Purpose::kStrategy),
      milestones_(gradient_milestones(model_->layout())) {
  model_->initialise(parameters_, buffers_, seed_);
  network_ = model_->bind(parameters_, gradients_, buffers_);
  optimizer_ = job.optimizer(parameters_, gradients_);
}

LossValue Worker::compute_gradients(const GradientReady& ready) {
  static constexpr double kWhole[] = {1.0};
  computed_ = true;
  const std::span<const double> milestones = ready ? std::span<const double>(milestones_) : kWhole;
  endpoint_->compute(1.0 / parts_, milestones, [&](ComputePace& pace) {
    data_->train_batch(rank_ / parts_, world_size_ / parts_, step_, rank_ % parts_, parts_, batch_);
    if (!ready) {
      last_loss_ = network_->compute_gradients(batch_, {});
      return;
    }
    last_loss_ = network_->compute_gradients(batch_, [&](int layer) { pace.milestone([&] { ready(layer); }); });
  });
  return last_loss_;
}

bool Worker::try_gradients() {
  LossValue loss;
  const bool done = endpoint_->compute_unless_called_off([&] {
    data_->train_batch(rank_, world_size_, step_, 0, 1, batch_);
    loss = network_->compute_gradients(batch_, {});
  });
  if (done) last_loss_ = loss;
  computed_ = done;
  return done;
}

void Worker::share_batches(int parts) {
  if (parts < 1 || world_size_ % parts != 0) {
    throw ConfigError("a mini-batch cannot be shared by " + std::to_string(parts) +
                      " workers: it must divide cluster.workers = " + std::to_string(world_size_));
  }
  if (batch_size_ % parts != 0) {
    throw ConfigError("a mini-batch cannot be shared by " + std::to_string(parts) +
                      " workers: it must divide train.batch_size = " + std::to_string(batch_size_));
  }
  parts_ = parts;
}

std::int64_t Worker::samples_seen() const { return (step_ - idle_steps_) * (batch_size_ / parts_); }

void Worker::io(Archive& archive) {
  double loss = last_loss_.value();
  archive.io(step_, idle_steps_, loss, random_);
  last_loss_ = loss;
  for (const at::Tensor& tensor : {parameters_, gradients_, buffers_}) archive.io_in_place(tensor);
  for (const at::Tensor& tensor : optimizer_->state()) archive.io_in_place(tensor);
  std::int64_t updates = optimizer_->steps_done();
  archive.io(updates, reported_);
  if (archive.reading()) optimizer_->set_steps_done(updates);
}

}  // namespace sac
