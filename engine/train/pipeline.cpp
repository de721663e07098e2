#include "engine/train/pipeline.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <utility>

namespace sac {
namespace {

constexpr double kWhole[] = {1.0};

std::int64_t taken_ahead(const PipelinePlan& plan, std::int64_t stage) {
  return plan.gpipe ? plan.micro_batches : std::min(plan.stages() - stage - 1, plan.micro_batches);
}

/// Shares of a way back after which each layer's gradient is final, last layer first.
std::vector<double> milestones_of(const Layout& layout) {
  const double total = layout.backward_flops();
  double done = 0.0;
  std::vector<double> shares;
  for (auto layer = layout.layers.rbegin(); layer != layout.layers.rend(); ++layer) {
    done += layer->backward_flops;
    shares.push_back(total > 0.0 ? done / total : 1.0);
  }
  shares.back() = 1.0;
  return shares;
}

at::Tensor rows(const at::Tensor& tensor, std::int64_t begin, std::int64_t count) {
  return tensor.defined() ? tensor.narrow(0, begin, count) : tensor;
}

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const PipelinePlan> plan, int rank, int replicas, Endpoint& endpoint,
                   const at::Tensor& parameters, const at::Tensor& gradients, const at::Tensor& buffers,
                   std::int64_t batch_size)
    : plan_(std::move(plan)),
      stage_(rank / replicas),
      part_(&plan_->parts[static_cast<std::size_t>(stage_)]),
      endpoint_(&endpoint),
      message_options_(parameters.options().dtype(part_->stage->message_dtype())),
      batch_size_(batch_size),
      ahead_(taken_ahead(*plan_, stage_)),
      slots_(std::min(ahead_ + 1, plan_->micro_batches)),
      network_(part_->stage->bind(parameters, gradients, buffers, static_cast<int>(slots_))),
      activations_in_(endpoint.comm(), rank - replicas),
      gradients_in_(endpoint.comm(), rank + replicas),
      activations_out_(endpoint.comm(), rank + replicas, static_cast<std::size_t>(plan_->stages() + slots_)),
      gradients_out_(endpoint.comm(), rank - replicas, static_cast<std::size_t>(plan_->stages() + slots_)),
      milestones_(milestones_of(part_->stage->layout())),
      losses_(static_cast<std::size_t>(plan_->micro_batches)) {}

Pipeline::MicroBatch Pipeline::micro_batch(std::int64_t index) const {
  const std::int64_t begin = samples_ * index / plan_->micro_batches;
  return {begin, samples_ * (index + 1) / plan_->micro_batches - begin};
}

Batch Pipeline::samples_of(const MicroBatch& micro) const {
  return {.inputs = rows(batch_.inputs, micro.begin, micro.count),
          .targets = rows(batch_.targets, micro.begin, micro.count),
          .shares = rows(batch_.shares, micro.begin, micro.count),
          .place = {batch_.place.seed, batch_.place.stream, batch_.place.first + micro.begin}};
}

double Pipeline::share_of(const MicroBatch& micro, std::int64_t samples) const {
  return static_cast<double>(micro.count) / static_cast<double>(samples);
}

PipelineStep Pipeline::run(std::int64_t samples, const Draw& draw, const GradientReady& ready) {
  samples_ = samples;
  loss_ = 0.0;
  busy_ = 0.0;
  const double begin = now();
  expect_messages();
  for (std::int64_t turn = 0; turn < plan_->micro_batches + ahead_; ++turn) {
    if (turn < plan_->micro_batches) forward(turn, draw);
    if (turn >= ahead_) backward(turn - ahead_, ready);
  }
  activations_out_.finish();
  gradients_out_.finish();
  PipelineStep step{.loss = loss_};
  if (stage_ == 0 && plan_->stages() > 1) {
    const double span = now() - begin;
    const double busy = (busy_ + busy_behind_.item<double>()) / static_cast<double>(plan_->stages());
    step.bubble = span > 0.0 ? 1.0 - busy / span : 0.0;
  }
  return step;
}

void Pipeline::expect_messages() {
  const Stage& stage = *part_->stage;
  std::vector<std::int64_t> activations, gradients;
  for (std::int64_t index = 0; index < plan_->micro_batches; ++index) {
    const std::int64_t count = micro_batch(index).count;
    activations.push_back(count * stage.incoming());
    gradients.push_back(GradientMessage::length(count * stage.outgoing(), stage.message_dtype()));
  }
  if (stage_ > 0) activations_in_.expect(std::move(activations), message_options_);
  if (!last()) gradients_in_.expect(std::move(gradients), message_options_);
}

void Pipeline::compute(double fraction, std::span<const double> milestones,
                       const std::function<void(ComputePace&)>& work) {
  const double begin = now();
  endpoint_->compute(fraction, milestones, work);
  busy_ += now() - begin;
}

void Pipeline::forward(std::int64_t index, const Draw& draw) {
  const MicroBatch micro = micro_batch(index);
  const at::Tensor activation = stage_ > 0 ? activations_in_.next() : at::Tensor();
  StageOutput output;
  compute(part_->forward * share_of(micro, batch_size_), kWhole, [&](ComputePace&) {
    if (index == 0 && part_->stage->takes_batch()) draw(batch_);
    output = network_->forward(slot(index), samples_of(micro), micro.count, share_of(micro, samples_), activation);
  });
  if (last()) {
    losses_[static_cast<std::size_t>(index)] = output.loss;
  } else {
    activations_out_.send(output.activation);
  }
}

void Pipeline::backward(std::int64_t index, const GradientReady& ready) {
  const MicroBatch micro = micro_batch(index);
  LossValue loss = losses_[static_cast<std::size_t>(index)];
  at::Tensor gradient;
  if (!last()) {
    const GradientMessage come(gradients_in_.next());
    gradient = come.gradient();
    loss = come.loss();
    busy_behind_ = come.busy();
  }
  std::optional<GradientMessage> back;
  if (stage_ > 0) {
    const std::int64_t elements = micro.count * part_->stage->incoming();
    back.emplace(at::empty({GradientMessage::length(elements, part_->stage->message_dtype())}, message_options_));
  }
  const bool final_pass = index + 1 == plan_->micro_batches;
  const bool tells = ready && final_pass;
  compute(part_->backward * share_of(micro, batch_size_), tells ? std::span<const double>(milestones_) : kWhole,
          [&](ComputePace& pace) {
            const GradientReady told = [&](int layer) { pace.milestone([&] { ready(layer); }); };
            network_->backward(slot(index), gradient, index > 0, tells ? told : GradientReady(),
                               back ? back->gradient() : at::Tensor());
          });
  loss_ += loss;
  if (!back) return;
  back->say(loss, busy_, busy_behind_);
  gradients_out_.send(back->whole());
}

}  // namespace sac
