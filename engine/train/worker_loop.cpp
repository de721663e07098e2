#include "engine/train/worker_loop.h"

#include <stdexcept>
#include <string>

namespace sac {
namespace {

/// True after every `period`-th step; never for period 0.
bool due(std::int64_t step, std::int64_t period) { return period > 0 && step % period == 0; }

}  // namespace

WorkerLoop::WorkerLoop(const Job& job, int rank, Endpoint& endpoint)
    : job_(&job),
      endpoint_(&endpoint),
      worker_(job, rank, endpoint),
      strategy_(job.strategy()),
      average_(job.train.ema_decay) {}

void WorkerLoop::run(const std::string& state) {
  strategy_->prepare(worker_);
  endpoint_->prepared();
  if (!state.empty()) {
    Archive archive(state);
    io(archive);
  } else {
    follow();
  }
  const std::int64_t begun = worker_.step_;
  const std::int64_t every = job_->checkpoint_path.empty() ? 0 : job_->train.checkpoint_every;
  while (worker_.step_ < worker_.total_steps_) {
    if (endpoint_->wants_boundary(worker_.step_, worker_.step_ > begun && due(worker_.step_, every))) {
      Contribution standing = contribution();
      Archive archive;
      io(archive);
      endpoint_->boundary(archive.bytes(), std::move(standing));
    }
    strategy_->step(worker_);
    ++worker_.step_;
    follow();
    after_step();
  }
}

void WorkerLoop::after_step() {
  if (worker_.step_ == worker_.total_steps_ && strategy_->traits().server) endpoint_->leave_server();
  if (!worker_.computed_ && worker_.statistics_comm_) {
    throw std::logic_error("worker " + std::to_string(worker_.rank_) + " computed no gradient in step " +
                           std::to_string(worker_.step_) +
                           ": the strategy's traits must say so (every_step) for train.batch_norm = \"synchronised\"");
  }
  if (!worker_.computed_) worker_.idle_samples_ += worker_.batches_.at(worker_.step_ - 1);
  if (worker_.computed_ && worker_.speaks_for_replica()) {
    loss_sum_ += worker_.last_loss_;
    ++loss_count_;
  }
  worker_.computed_ = false;
  const TrainConfig& train = job_->train;
  const bool last = worker_.step_ == train.steps;
  if (last || due(worker_.step_, train.log_every)) report();
  if (last || due(worker_.step_, train.eval_every)) endpoint_->contribute(contribution());
}

void WorkerLoop::report() {
  endpoint_->report({.step = worker_.step_,
                     .samples = worker_.speaks_for_replica() ? worker_.samples_seen() : 0,
                     .loss_sum = loss_sum_.value(),
                     .loss_count = loss_count_,
                     .lr = worker_.schedule_.at(worker_.step_ - 1),
                     .extra = std::move(worker_.reported_)});
  worker_.reported_.clear();
  loss_sum_ = 0.0;
  loss_count_ = 0;
}

void WorkerLoop::follow() {
  if (average_.on()) average_.take(strategy_->consensus(worker_), worker_.buffers_);
}

Contribution WorkerLoop::contribution() {
  ConsensusShare share = strategy_->consensus(worker_);
  at::Tensor buffers = worker_.buffers_;
  if (average_.on()) average_.replace(share, buffers);
  if (share.parameters.defined()) share.parameters = share.parameters.clone();
  return {.step = worker_.step_,
          .samples = worker_.speaks_for_replica() ? worker_.samples_seen() : 0,
          .share = std::move(share),
          .buffers = buffers.clone(),
          .stage = worker_.stage(),
          .replica = worker_.rank()};
}

void WorkerLoop::io(Archive& archive) {
  double loss = loss_sum_.value();
  archive.io(loss, loss_count_);
  loss_sum_ = loss;
  worker_.io(archive);
  strategy_->io(archive, worker_);
  if (average_.on()) average_.io(archive);
  endpoint_->io(archive);
}

}  // namespace sac
