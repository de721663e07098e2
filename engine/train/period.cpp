#include "engine/train/period.h"

#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace sac {

std::vector<OptionSpec> PeriodSchedule::options(std::int64_t period) {
  constexpr double kMax = 1e9;
  return {
      {.name = "period",
       .fallback = period,
       .doc = "steps between averages, H; a word sets period_schedule",
       .min = 1,
       .max = kMax,
       .words_for = "period_schedule"},
      {.name = "period_schedule",
       .fallback = std::string("constant"),
       .doc = "how the period changes",
       .choices = {"constant", "linear", "qsr", "adacomm", "divergence"}},
      {.name = "period_max",
       .fallback = std::int64_t{1000},
       .doc = "longest period of a changing schedule",
       .min = 1,
       .max = kMax},
      {.name = "period_growth", .fallback = 1.0, .doc = "linear: steps added an average", .min = 0, .max = kMax},
      {.name = "period_coefficient",
       .fallback = 0.2,
       .doc = "qsr: a in (a / lr)^2",
       .min = 0,
       .max = kMax,
       .min_open = true},
      {.name = "period_threshold",
       .fallback = 0.1,
       .doc = "divergence: mean squared distance that calls for an average",
       .min = 0},
  };
}

PeriodSchedule::PeriodSchedule(const Options& options)
    : base_(options.integer("period")),
      max_(options.integer("period_max")),
      growth_(options.number("period_growth")),
      coefficient_(options.number("period_coefficient")),
      threshold_(options.number("period_threshold")),
      period_(base_) {
  const std::string& name = options.text("period_schedule");
  kind_ = name == "linear"       ? Kind::kLinear
          : name == "qsr"        ? Kind::kQsr
          : name == "adacomm"    ? Kind::kAdaComm
          : name == "divergence" ? Kind::kDivergence
                                 : Kind::kConstant;
  if (kind_ == Kind::kConstant) return;
  if (base_ > max_) {
    throw ConfigError("strategy.period = " + std::to_string(base_) +
                      " is above strategy.period_max = " + std::to_string(max_));
  }
  if (kind_ == Kind::kDivergence) period_ = max_;
}

void PeriodSchedule::io(Archive& archive) {
  double loss = loss_sum_.value();
  archive.io(period_, steps_, averages_, loss, first_loss_, reference_);
  loss_sum_ = loss;
}

void PeriodSchedule::prepare(Worker& worker, const Slices& watched) {
  if (kind_ == Kind::kDivergence) reference_ = watched.pack(worker.parameters()).clone();
  if (kind_ == Kind::kQsr) period_ = next_period(worker);  // the first period follows the rule, too
}

bool PeriodSchedule::due(Worker& worker, const Slices& watched) {
  ++steps_;
  loss_sum_ += worker.last_loss();
  return steps_ >= period_ || (kind_ == Kind::kDivergence && diverged(worker, watched));
}

bool PeriodSchedule::diverged(Worker& worker, const Slices& watched) {
  const double distance = watched.pack(worker.parameters()).sub(reference_).square().sum().item<double>();
  return shared_mean(worker, distance) > threshold_;
}

double PeriodSchedule::shared_mean(Worker& worker, double value) {
  const at::Tensor number = at::full({1}, value, at::TensorOptions(at::kDouble).device(worker.device()));
  worker.comm().all_reduce(number, Reduce::kMean);
  return number.item<double>();
}

void PeriodSchedule::averaged(Worker& worker, const Slices& watched) {
  worker.report("period", static_cast<double>(steps_));
  ++averages_;
  if (kind_ == Kind::kDivergence) {
    reference_ = watched.pack(worker.parameters()).clone();
  } else {
    period_ = next_period(worker);
  }
  steps_ = 0;
  loss_sum_ = 0.0;
}

std::int64_t PeriodSchedule::next_period(Worker& worker) {
  if (kind_ == Kind::kConstant) return base_;
  double period = static_cast<double>(base_);
  if (kind_ == Kind::kLinear) period += std::floor(growth_ * static_cast<double>(averages_));
  if (kind_ == Kind::kQsr) period = std::max(period, std::floor(std::pow(coefficient_ / worker.lr(), 2)));
  if (kind_ == Kind::kAdaComm) {
    const double loss = shared_mean(worker, loss_sum_.value() / static_cast<double>(steps_));
    if (averages_ == 1) first_loss_ = loss;
    period = std::ceil(period * std::sqrt(loss / first_loss_));
  }
  if (!(period <= static_cast<double>(max_))) return max_;  // a loss that is no number, too
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(period));
}

}  // namespace sac
