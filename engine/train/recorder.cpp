#include "engine/train/recorder.h"

#include <algorithm>

#include "engine/core/sha256.h"
#include "engine/train/evaluation.h"

namespace sac {
namespace {

void add_to(at::Tensor& sum, const at::Tensor& term) {
  if (!sum.defined()) {
    sum = term.clone();
  } else {
    sum.add_(term);
  }
}

}  // namespace

Recorder::Recorder(const Job& job, MetricSink& sink, ParallelFor parallel, std::function<at::Tensor()> server_model)
    : job_(&job), sink_(&sink), parallel_(std::move(parallel)), server_model_(std::move(server_model)) {}

void Recorder::Moment::add(double worker_clock, std::int64_t worker_samples, std::int64_t worker_bytes) {
  ++workers;
  clock = std::max(clock, worker_clock);
  samples += worker_samples;
  wire_bytes += worker_bytes;
}

void Recorder::emit(const Moment& moment, std::int64_t step, std::vector<std::pair<std::string, double>> values) {
  std::vector<MetricPoint> points;
  for (auto& [series, value] : values) {
    points.push_back({.series = std::move(series),
                      .step = step,
                      .seconds = moment.clock,
                      .samples = moment.samples,
                      .wire_bytes = moment.wire_bytes,
                      .value = value});
  }
  sink_->record(points);
}

void Recorder::report(const StepReport& report, double clock, std::int64_t wire_bytes) {
  StepTotals& totals = steps_[report.step];
  totals.moment.add(clock, report.samples, wire_bytes);
  Mean& loss = totals.series["train_loss"];
  loss.sum += report.loss_sum;
  loss.count += report.loss_count;
  const auto add = [&](const std::string& series, double value) {
    Mean& mean = totals.series[series];
    mean.sum += value;
    ++mean.count;
  };
  add("learning_rate", report.lr);
  for (const auto& [series, value] : report.extra) add(series, value);
  if (totals.moment.workers < job_->workers) return;

  std::vector<std::pair<std::string, double>> values;
  for (const auto& [series, mean] : totals.series)
    values.emplace_back(series, mean.sum / static_cast<double>(mean.count));
  if (report.step >= train_loss_step_) {
    train_loss_ = loss.sum / static_cast<double>(loss.count);
    train_loss_step_ = report.step;
  }
  emit(totals.moment, report.step, std::move(values));
  sink_->progress(
      {.step = report.step, .steps = job_->train.steps, .seconds = totals.moment.clock, .train_loss = train_loss_});
  steps_.erase(report.step);
}

bool Recorder::contribute(const Contribution& contribution, double clock, std::int64_t wire_bytes) {
  Ballot& ballot = ballots_[contribution.step];
  ballot.moment.add(clock, contribution.samples, wire_bytes);
  add_to(ballot.buffers, contribution.buffers);
  using Kind = ConsensusShare::Kind;
  const Kind kind = contribution.share.kind;
  if (kind == Kind::kServer || kind == Kind::kAroundServer) ballot.server = true;
  if (kind == Kind::kReplica || kind == Kind::kAroundServer) {
    ++ballot.replicas;
    add_to(ballot.parameters, contribution.share.parameters);
  }
  return ballot.moment.workers == job_->workers;
}

at::Tensor Recorder::elected(const Ballot& ballot) const {
  if (ballot.replicas > 0) ballot.parameters.div_(static_cast<double>(ballot.replicas));
  if (!ballot.server) return ballot.parameters;
  const at::Tensor served = server_model_();
  if (ballot.replicas == 0) return served.clone();
  job_->strategy()->served(job_->model->layout()).unpack(served, ballot.parameters);
  return ballot.parameters;
}

void Recorder::evaluate(std::int64_t step) {
  Ballot ballot = ballots_.extract(step).mapped();
  const at::Tensor parameters = elected(ballot);
  ballot.buffers.div_(static_cast<double>(job_->workers));
  const EvalSums sums = evaluate_model(*job_->model, *job_->data, parameters, ballot.buffers, parallel_);
  const auto count = static_cast<double>(sums.count);
  accuracy_ = static_cast<double>(sums.correct) / count;
  loss_ = sums.loss / count;
  evaluated_step_ = step;
  const at::Tensor host = parameters.cpu();
  params_sha256_ = Sha256().update(host.const_data_ptr(), host.nbytes()).hex();
  emit(ballot.moment, step, {{"accuracy", accuracy_}, {"loss", loss_}});
  if (job_->evaluated) job_->evaluated(step, host, ballot.buffers.cpu());
}

std::int64_t Recorder::last_step() const { return std::max(train_loss_step_, evaluated_step_); }

void Recorder::fill(RunOutcome& outcome) const {
  outcome.steps = last_step();
  if (train_loss_step_ > 0) outcome.train_loss = train_loss_;
  if (evaluated_step_ < job_->train.steps) return;
  outcome.accuracy = accuracy_;
  outcome.loss = loss_;
  outcome.params_sha256 = params_sha256_;
}

void Recorder::io(Archive& archive) {
  archive.io(steps_, ballots_, train_loss_, train_loss_step_, accuracy_, loss_, evaluated_step_, params_sha256_);
}

}  // namespace sac
