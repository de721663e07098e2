#include "engine/train/recorder.h"

#include <algorithm>

#include "engine/core/sha256.h"
#include "engine/train/evaluation.h"

namespace sac {

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
  for (const auto& [series, value] : report.extra) {
    add(series, value);
    if (series != kBubble) continue;
    bubble_.sum += value;
    ++bubble_.count;
  }
  if (totals.moment.workers >= reporters(report.step)) close(report.step);
}

/// Everybody has reported the step.
void Recorder::close(std::int64_t step) {
  const StepTotals totals = steps_.extract(step).mapped();
  const Mean& loss = totals.series.at("train_loss");
  std::vector<std::pair<std::string, double>> values;
  for (const auto& [series, mean] : totals.series)
    values.emplace_back(series, mean.sum / static_cast<double>(mean.count));
  if (observe_) {
    for (auto& observed : observe_()) values.push_back(std::move(observed));
  }
  if (step >= train_loss_step_) {
    train_loss_ = loss.sum / static_cast<double>(loss.count);
    train_loss_step_ = step;
  }
  emit(totals.moment, step, std::move(values));
  sink_->progress(
      {.step = step, .steps = job_->train.steps, .seconds = totals.moment.clock, .train_loss = train_loss_});
}

std::int64_t Recorder::reporters(std::int64_t step) const {
  return job_->workers -
         std::count_if(departures_.begin(), departures_.end(), [&](const Departure& d) { return d.reported < step; });
}

std::int64_t Recorder::contributors(std::int64_t step) const {
  return job_->workers - std::count_if(departures_.begin(), departures_.end(),
                                       [&](const Departure& d) { return d.contributed < step; });
}

std::vector<std::int64_t> Recorder::depart(std::int64_t reported, std::int64_t contributed) {
  departures_.push_back({.reported = reported, .contributed = contributed});
  std::vector<std::int64_t> closed, elected;
  for (const auto& [step, totals] : steps_) {
    if (totals.moment.workers >= reporters(step)) closed.push_back(step);
  }
  for (const std::int64_t step : closed) close(step);
  for (const auto& [step, election] : elections_) {
    if (election.moment.workers >= contributors(step)) elected.push_back(step);
  }
  return elected;
}

bool Recorder::contribute(const Contribution& contribution, double clock, std::int64_t wire_bytes) {
  Election& election = elections_[contribution.step];
  election.moment.add(clock, contribution.samples, wire_bytes);
  election.ballot.add(contribution, job_->train.statistics);
  return election.moment.workers >= contributors(contribution.step);
}

/// @param mean  of the ballot's replicas.
FlatModel Recorder::elected(const Ballot& ballot, const at::Tensor& mean) const {
  if (!ballot.server() && ballot.replicas() == 0) return {};
  FlatModel model{.parameters = mean, .buffers = ballot.buffers()};
  if (!ballot.server()) return model;
  const at::Tensor served = server_model_();
  model.parameters = ballot.replicas() == 0 ? served.clone() : mean.clone();
  if (ballot.replicas() > 0) job_->strategy()->served(job_->model->layout()).unpack(served, model.parameters);
  return model;
}

FlatModel Recorder::model_of(const std::vector<Contribution>& standing) const {
  const auto last = elections_.find(job_->train.steps);
  Ballot ballot = last == elections_.end() ? Ballot{} : last->second.ballot;
  for (const Contribution& contribution : standing) ballot.add(contribution, job_->train.statistics);
  return elected(ballot, ballot.mean());
}

void Recorder::evaluate(std::int64_t step) {
  const auto [moment, ballot] = elections_.extract(step).mapped();
  const at::Tensor mean = ballot.mean();
  const FlatModel model = elected(ballot, mean);
  if (!model.parameters.defined()) return;  // whoever spoke for all has died
  const EvalSums sums = evaluate_model(*job_->model, *job_->data, model.parameters, model.buffers, parallel_);
  const auto count = static_cast<double>(sums.count);
  accuracy_ = static_cast<double>(sums.correct) / count;
  loss_ = sums.loss / count;
  evaluated_step_ = step;
  const at::Tensor host = model.parameters.cpu();
  params_sha256_ = Sha256().update(host.const_data_ptr(), host.nbytes()).hex();
  std::vector<std::pair<std::string, double>> values{{"accuracy", accuracy_}, {"loss", loss_}};
  if (ballot.replicas() > 1) values.emplace_back("replica_drift", ballot.distance(mean));
  emit(moment, step, std::move(values));
  if (job_->evaluated) job_->evaluated(step, host, model.buffers.cpu());
}

std::int64_t Recorder::last_step() const { return std::max(train_loss_step_, evaluated_step_); }

void Recorder::fill(RunOutcome& outcome) const {
  outcome.steps = last_step();
  if (train_loss_step_ > 0) outcome.train_loss = train_loss_;
  if (bubble_.count > 0) outcome.bubble = bubble_.sum / static_cast<double>(bubble_.count);
  if (evaluated_step_ < job_->train.steps) return;
  outcome.accuracy = accuracy_;
  outcome.loss = loss_;
  outcome.params_sha256 = params_sha256_;
}

void Recorder::io(Archive& archive) {
  archive.io(steps_, elections_, departures_, train_loss_, train_loss_step_, accuracy_, loss_, evaluated_step_,
             params_sha256_, bubble_);
}

}  // namespace sac
