#include "engine/fabric/calibration/measure.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "engine/core/error.h"
#include "engine/fabric/calibration/stopwatch.h"

namespace sac {
namespace {

// Shares of the time budget. All-reduce is what most strategies spend their time on.
constexpr double kComputeShare = 0.15;
constexpr double kAllReduceShare = 0.35;
constexpr double kOtherShare = 0.06;  ///< each of the other four
constexpr double kRestedShare = 0.26;

constexpr std::int64_t kRound = 3;        ///< samples of a size and round
constexpr int kRounds = 24;               ///< at most
constexpr double kFirstRoundShare = 0.6;  ///< of the time of a sweep
constexpr std::size_t kAlways = 4;        ///< sizes measured however slow the network
constexpr std::int64_t kWarmUp = 20;
constexpr double kLongestRest = 64;  ///< training steps: few strategies rest longer

const std::function<void()> kNothing = [] {};

/// Powers of `base` from 4 bytes on, and the plan's own sizes.
std::vector<std::int64_t> sizes_of(const MeasurePlan& plan, std::int64_t base) {
  std::set<std::int64_t> sizes;
  for (const std::int64_t own : plan.bytes) sizes.insert(std::max<std::int64_t>(4, own / 4 * 4));
  for (std::int64_t bytes = 4; bytes <= plan.max_bytes; bytes *= base) sizes.insert(bytes);
  return {sizes.begin(), sizes.end()};
}

/// The sizes that are not in `measured` change by a rest as their neighbours do on the mean.
void smooth_between(ExchangeCurve& curve, const std::vector<std::int64_t>& measured) {
  const auto ratio = [&](std::size_t place) { return curve.sizes[place].rested_seconds / curve.sizes[place].seconds; };
  for (std::size_t place = 1; place + 1 < curve.sizes.size(); ++place) {
    SizeCost& size = curve.sizes[place];
    if (size.seconds <= 0.0 || std::binary_search(measured.begin(), measured.end(), size.bytes)) continue;
    size.rested_seconds = size.seconds * 0.5 * (ratio(place - 1) + ratio(place + 1));
  }
}

class Measurer {
 public:
  Measurer(Communicator& comm, const Clock& clock, const MeasurePlan& plan)
      : comm_(&comm), plan_(&plan), watch_(comm, clock, plan.options), clock_(&clock) {}

  Strings hosts();
  ComputeTimes compute();
  ExchangeCurve sweep(Exchange exchange, double share, std::int64_t base);
  void add_rested(ExchangeCurve& curve, double step_s);
  [[nodiscard]] std::int64_t rest_steps() const { return rest_steps_; }

 private:
  struct Series {
    ExchangeCall call;
    std::vector<double> seconds;
  };
  std::vector<Series> sweep_sizes(Exchange exchange, const std::vector<std::int64_t>& sizes, double budget_s,
                                  const std::function<void()>& before);
  std::vector<Series> first_round(Exchange exchange, const std::vector<std::int64_t>& sizes, double deadline,
                                  const std::function<void()>& before);
  void sample(Series& series, const std::function<void()>& before);
  [[nodiscard]] std::function<void()> rest(std::int64_t steps) const {
    return [this, steps] {
      for (std::int64_t i = 0; i < steps; ++i) plan_->work();
    };
  }

  Communicator* comm_;
  const MeasurePlan* plan_;
  Stopwatch watch_;
  const Clock* clock_;
  std::int64_t rest_steps_ = 0;
};

/// The ranks' host names, each once, in order of rank; sent as numbers, a character each.
Strings Measurer::hosts() {
  std::array<char, 64> name{};
  gethostname(name.data(), name.size() - 1);
  const std::vector<double> all = watch_.gathered({name.begin(), name.end()});
  Strings found;
  for (auto at = all.begin(); at != all.end(); at += name.size()) {
    const std::string host(at, std::find(at, at + name.size(), 0.0));
    if (std::find(found.begin(), found.end(), host) == found.end()) found.push_back(host);
  }
  return found;
}

ComputeTimes Measurer::compute() {
  for (std::int64_t i = 0; i < kRound; ++i) plan_->work();
  const double warm = watch_.time(1, kNothing, plan_->work).front();
  const double budget = kComputeShare * plan_->seconds;
  const auto steps = static_cast<std::int64_t>(std::clamp(budget / std::max(warm, 1e-6), 5.0, 400.0));
  double sum = 0.0;
  double log_sum = 0.0;
  double log_squares = 0.0;
  comm_->barrier();
  for (std::int64_t i = 0; i < steps; ++i) {
    const double begin = clock_->now().value;
    plan_->work();
    const double seconds = std::max(clock_->now().value - begin, 1e-12);
    sum += seconds;
    log_sum += std::log(seconds);
    log_squares += std::log(seconds) * std::log(seconds);
  }
  const auto n = static_cast<double>(steps);
  const double variance = std::max(0.0, (log_squares - log_sum * log_sum / n) / (n - 1.0));
  const std::vector<double> all = watch_.gathered({sum / n, variance});
  ComputeTimes times{.steps = steps};
  const double ranks = comm_->size();
  for (std::size_t at = 0; at < all.size(); at += 2) {
    times.mean_s += all[at] / ranks;
    times.sigma += all[at + 1] / ranks;
  }
  times.sigma = std::sqrt(times.sigma);
  for (std::size_t at = 0; at < all.size(); at += 2) times.speeds.push_back(times.mean_s / all[at]);
  return times;
}

/// One round; its first repetition warms up, and leaves the links as one of this size does.
void Measurer::sample(Series& series, const std::function<void()>& before) {
  const std::vector<double> seconds = watch_.time(kRound + 1, before, series.call.run, series.call.part);
  series.seconds.insert(series.seconds.end(), seconds.begin() + 1, seconds.end());
}

/// A few samples of every size, smallest first, as far as the time allows.
std::vector<Measurer::Series> Measurer::first_round(Exchange exchange, const std::vector<std::int64_t>& sizes,
                                                    double deadline, const std::function<void()>& before) {
  std::vector<Series> all;
  double last_s = 0.0;
  double begin = watch_.elapsed();
  for (const std::int64_t bytes : sizes) {
    const double growth = all.empty() ? 1.0 : static_cast<double>(bytes) / static_cast<double>(all.back().call.bytes);
    if (all.size() >= kAlways && begin + last_s * growth > deadline) break;
    Series series{.call = prepare_exchange(exchange, *comm_, bytes, plan_->options), .seconds = {}};
    if (!all.empty() && series.call.bytes <= all.back().call.bytes) continue;
    sample(series, before);
    all.push_back(std::move(series));
    const double end = watch_.elapsed();
    last_s = end - begin;
    begin = end;
  }
  return all;
}

/// Rounds over all sizes, so that a passing disturbance spoils few samples of each.
std::vector<Measurer::Series> Measurer::sweep_sizes(Exchange exchange, const std::vector<std::int64_t>& sizes,
                                                    double budget_s, const std::function<void()>& before) {
  watch_.synchronise();
  const double start = watch_.elapsed();
  std::vector<Series> all = first_round(exchange, sizes, start + kFirstRoundShare * budget_s, before);
  double begin = watch_.elapsed();
  double round_s = begin - start;
  for (int round = 1; round < kRounds && begin + round_s <= start + budget_s; ++round) {
    for (Series& series : all) sample(series, before);
    const double end = watch_.elapsed();
    round_s = end - begin;
    begin = end;
  }
  return all;
}

ExchangeCurve Measurer::sweep(Exchange exchange, double share, std::int64_t base) {
  const ExchangeCall warm_up = prepare_exchange(exchange, *comm_, 4, plan_->options);
  watch_.time(kWarmUp, kNothing, warm_up.run, warm_up.part);
  ExchangeCurve curve{.exchange = exchange, .sizes = {}};
  for (const Series& series : sweep_sizes(exchange, sizes_of(*plan_, base), share * plan_->seconds, kNothing)) {
    const double seconds = median(series.seconds);
    curve.sizes.push_back({series.call.bytes, seconds, seconds});
  }
  return curve;
}

/// Measures what a rest changes at every second size and the plan's own, and carries the change over to the others. A
/// rest lasts as many training steps as half the time allows.
void Measurer::add_rested(ExchangeCurve& curve, double step_s) {
  std::vector<std::int64_t> sizes;
  for (std::size_t place = 0; place < curve.sizes.size(); ++place) {
    const std::int64_t bytes = curve.sizes[place].bytes;
    const bool own = std::find(plan_->bytes.begin(), plan_->bytes.end(), bytes) != plan_->bytes.end();
    if (own || place % 2 == 0) sizes.push_back(bytes);
  }
  const double budget = kRestedShare * plan_->seconds;
  const double rest_s = 0.5 * budget / static_cast<double>((kRound + 1) * static_cast<std::int64_t>(sizes.size()));
  rest_steps_ = static_cast<std::int64_t>(std::clamp(rest_s / step_s, 1.0, kLongestRest));
  const std::vector<Series> rested = sweep_sizes(Exchange::kAllReduce, sizes, budget, rest(rest_steps_));
  double change = 0.0;
  std::size_t next = 0;
  for (std::size_t place = 0; place < curve.sizes.size(); ++place) {
    SizeCost& size = curve.sizes[place];
    if (next < rested.size() && rested[next].call.bytes == size.bytes) {
      change = median(rested[next++].seconds) - size.seconds;
    }
    size.rested_seconds = std::max(0.0, size.seconds + change);
  }
  smooth_between(curve, sizes);
}

}  // namespace

Measurement measure(Communicator& comm, const Clock& clock, const MeasurePlan& plan) {
  if (comm.size() < 2) throw ConfigError("calibration needs at least 2 workers, got cluster.workers = 1");
  Measurer measurer(comm, clock, plan);
  Measurement result{.ranks = comm.size(), .hosts = measurer.hosts()};
  result.compute = measurer.compute();
  for (const Exchange exchange : kExchanges) {
    const bool first = exchange == Exchange::kAllReduce;
    result.curves.push_back(measurer.sweep(exchange, first ? kAllReduceShare : kOtherShare, first ? 2 : 4));
    if (first) measurer.add_rested(result.curves.front(), result.compute.mean_s);
  }
  result.rest_steps = measurer.rest_steps();
  return result;
}

}  // namespace sac
