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
constexpr double kRestShare = 0.08;   ///< finding how long a rest must be
constexpr double kRestedShare = 0.18;

constexpr std::int64_t kFewest = 3;
constexpr std::int64_t kMost = 25;
constexpr std::size_t kAlways = 4;  ///< sizes measured however slow the network

const std::function<void()> kNothing = [] {};

/// Powers of `base` from 4 bytes on, and the plan's own sizes.
std::vector<std::int64_t> sizes_of(const MeasurePlan& plan, std::int64_t base) {
  std::set<std::int64_t> sizes;
  for (const std::int64_t own : plan.bytes) sizes.insert(std::max<std::int64_t>(4, own / 4 * 4));
  for (std::int64_t bytes = 4; bytes <= plan.max_bytes; bytes *= base) sizes.insert(bytes);
  return {sizes.begin(), sizes.end()};
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
  struct Sample {
    std::int64_t bytes = 0;
    double seconds = 0.0;
  };
  Sample sample(Exchange exchange, std::int64_t bytes, double deadline, const std::function<void()>& before);
  double rested_seconds(std::int64_t bytes, std::int64_t steps, std::int64_t repeats);
  std::int64_t find_rest(const ExchangeCurve& curve, double step_s);
  [[nodiscard]] std::function<void()> rest(std::int64_t steps) const {
    return [this, steps] {
      for (std::int64_t i = 0; i < steps; ++i) plan_->work();
    };
  }

  Communicator* comm_;
  const MeasurePlan* plan_;
  Stopwatch watch_;
  const Clock* clock_;
  double last_s_ = 0.0;  ///< what one repetition of the last sample took, rest included
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
  for (std::int64_t i = 0; i < kFewest; ++i) plan_->work();
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

/// The median of as many repetitions as fit a quarter of what is left until `deadline`.
Measurer::Sample Measurer::sample(Exchange exchange, std::int64_t bytes, double deadline,
                                  const std::function<void()>& before) {
  const ExchangeCall call = prepare_exchange(exchange, *comm_, bytes, plan_->options);
  const double begin = watch_.elapsed();
  watch_.time(1, before, call.run, call.takes_part);
  const double warm_end = watch_.elapsed();
  last_s_ = std::max(warm_end - begin, 1e-9);
  const double fitting = 0.25 * (deadline - warm_end) / last_s_;
  const auto repeats =
      static_cast<std::int64_t>(std::clamp(fitting, static_cast<double>(kFewest), static_cast<double>(kMost)));
  return {call.bytes, median(watch_.time(repeats, before, call.run, call.takes_part))};
}

ExchangeCurve Measurer::sweep(Exchange exchange, double share, std::int64_t base) {
  watch_.synchronise();
  const double deadline = watch_.elapsed() + share * plan_->seconds;
  ExchangeCurve curve{.exchange = exchange, .sizes = {}};
  const ExchangeCall warm_up = prepare_exchange(exchange, *comm_, 4, plan_->options);
  watch_.time(kMost, kNothing, warm_up.run, warm_up.takes_part);
  for (const std::int64_t bytes : sizes_of(*plan_, base)) {
    const double growth = curve.sizes.empty() ? 1.0 : static_cast<double>(bytes) / curve.sizes.back().bytes;
    const double next = last_s_ * growth * static_cast<double>(kFewest + 1);
    if (curve.sizes.size() >= kAlways && watch_.elapsed() + next > deadline) break;
    const Sample measured = sample(exchange, bytes, deadline, kNothing);
    if (!curve.sizes.empty() && measured.bytes <= curve.sizes.back().bytes) continue;
    curve.sizes.push_back({measured.bytes, measured.seconds, measured.seconds});
  }
  return curve;
}

double Measurer::rested_seconds(std::int64_t bytes, std::int64_t steps, std::int64_t repeats) {
  const ExchangeCall call = prepare_exchange(Exchange::kAllReduce, *comm_, bytes, plan_->options);
  return median(watch_.time(repeats, rest(steps), call.run, call.takes_part));
}

/// The fewest training steps (1, 4, 16, 64) that rest the links as well as the most that the budget allows.
std::int64_t Measurer::find_rest(const ExchangeCurve& curve, double step_s) {
  constexpr double kProbe_s = 0.1;
  constexpr double kGood = 1.02;
  const auto probe = std::find_if(curve.sizes.rbegin(), curve.sizes.rend() - 1,
                                  [](const SizeCost& size) { return size.seconds <= kProbe_s; });
  const double budget = kRestShare * plan_->seconds;
  double spent = 0.0;
  std::vector<std::pair<std::int64_t, double>> tried;
  for (std::int64_t steps = 1; steps <= 64; steps *= 4) {
    const double price = kFewest * (probe->seconds + static_cast<double>(steps) * step_s);
    if (!tried.empty() && spent + price > budget) break;
    spent += price;
    tried.emplace_back(steps, rested_seconds(probe->bytes, steps, kFewest));
  }
  double best = tried.front().second;
  for (const auto& [steps, seconds] : tried) best = std::min(best, seconds);
  return std::find_if(tried.begin(), tried.end(), [&](const auto& t) { return t.second <= kGood * best; })->first;
}

/// What a rest changes at every second size and the plan's own; between them and beyond, the change is carried on.
void Measurer::add_rested(ExchangeCurve& curve, double step_s) {
  rest_steps_ = find_rest(curve, step_s);
  watch_.synchronise();
  const double deadline = watch_.elapsed() + kRestedShare * plan_->seconds;
  const std::set<std::int64_t> own(plan_->bytes.begin(), plan_->bytes.end());
  double change = 0.0;
  bool out_of_time = false;
  std::size_t known = 0;
  for (std::size_t place = 0; place < curve.sizes.size(); ++place) {
    SizeCost& size = curve.sizes[place];
    const double next = static_cast<double>(kFewest + 1) * (size.seconds + static_cast<double>(rest_steps_) * step_s);
    out_of_time = out_of_time || (place > 0 && watch_.elapsed() + next > deadline);
    size.rested_seconds = std::max(0.0, size.seconds + change);
    if (out_of_time || (place % 2 == 1 && !own.contains(size.bytes))) continue;
    size.rested_seconds = sample(Exchange::kAllReduce, size.bytes, deadline, rest(rest_steps_)).seconds;
    const double now = size.rested_seconds - size.seconds;
    for (std::size_t between = known + 1; between < place; ++between) {
      curve.sizes[between].rested_seconds = std::max(0.0, curve.sizes[between].seconds + 0.5 * (change + now));
    }
    change = now;
    known = place;
  }
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
