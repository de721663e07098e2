#include "experiments/timing_laws.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "engine/core/random.h"
#include "engine/train/strategy.h"
#include "experiments/quadratic_problem.h"

namespace sac {
namespace {

constexpr int kWorkers = 8;
constexpr double kMean = 0.01;       ///< seconds a gradient
constexpr double kShift = 0.004;     ///< of these, at least
constexpr double kTolerance = 0.01;  ///< of a mean over 10^5 changes
constexpr double kShape = 2.5;       ///< pareto

/// A law of the times, as the cluster draws them and on its own.
struct Times {
  std::string name;
  ComputeConfig cluster;
  std::function<double(RandomStream&)> draw;
  std::function<double(int, int)> order_statistic;  ///< mean of the k-th smallest of P
};

double harmonic(int from, int to) {
  double sum = 0.0;
  for (int i = from; i <= to; ++i) sum += 1.0 / i;
  return sum;
}

std::vector<Times> all_times() {
  const auto shifted = [](double shift) {
    return Times{.name = shift > 0.0 ? "shifted exponential" : "exponential",
                 .cluster = {.model = "shifted_exponential", .seconds_per_step = kMean, .shift_s = shift},
                 .draw = [shift](RandomStream& stream) { return shift + (kMean - shift) * stream.exponential(); },
                 .order_statistic = [shift](int k, int p) { return shift + (kMean - shift) * harmonic(p - k + 1, p); }};
  };
  constexpr double kLeast = kMean * (kShape - 1.0) / kShape;
  const Times pareto{
      .name = "pareto",
      .cluster = {.model = "pareto", .seconds_per_step = kMean, .shape = kShape},
      .draw = [](RandomStream& stream) { return kLeast * std::pow(1.0 - stream.uniform(), -1.0 / kShape); },
      .order_statistic =
          [](int k, int p) {
            return kLeast * std::exp(std::lgamma(p + 1) + std::lgamma(p - k + 1 - 1 / kShape) - std::lgamma(p - k + 1) -
                                     std::lgamma(p + 1 - 1 / kShape));
          }};
  return {shifted(0.0), shifted(kShift), pareto};
}

constexpr std::int64_t kPlainChanges = 400000;

/// Every change all workers start anew; it is made when n gradients are there, whoever made them.
double plain_k_batch_sync(int n, const Times& times) {
  RandomStream stream(11, 0, Purpose::kSynthetic);
  double sum = 0.0;
  for (std::int64_t change = 0; change < kPlainChanges; ++change) {
    std::vector<double> next(kWorkers);
    for (double& time : next) time = times.draw(stream);
    double now = 0.0;
    for (int done = 0; done < n; ++done) {
      const auto first = std::min_element(next.begin(), next.end());
      now = *first;
      *first += times.draw(stream);
    }
    sum += now;
  }
  return sum / static_cast<double>(kPlainChanges);
}

/// A change is made when n workers have come; these start anew, the others go on with what they do.
double plain_k_async(int n, const Times& times) {
  RandomStream stream(12, 0, Purpose::kSynthetic);
  std::vector<double> next(kWorkers);
  for (double& time : next) time = times.draw(stream);
  double now = 0.0;
  for (std::int64_t change = 0; change < kPlainChanges; ++change) {
    std::nth_element(next.begin(), next.begin() + (n - 1), next.end());
    now = next[static_cast<std::size_t>(n - 1)];
    for (int worker = 0; worker < n; ++worker) next[static_cast<std::size_t>(worker)] = now + times.draw(stream);
  }
  return now / static_cast<double>(kPlainChanges);
}

/// What a strategy is run with, and what its mean time a change should be.
struct TimingLaw {
  int gradients;  ///< n
  ValueMap options;
  std::function<double(const Times&)> expected;
};

std::map<std::string, std::vector<TimingLaw>> laws() {
  const auto with = [](int n) { return ValueMap{{"gradients", std::int64_t{n}}}; };
  std::map<std::string, std::vector<TimingLaw>> all;
  all["async_sgd"].push_back({1, {}, [](const Times&) { return kMean / kWorkers; }});
  all["k_batch_async"].push_back({4, with(4), [](const Times&) { return 4 * kMean / kWorkers; }});
  for (const int n : {3, 8}) {
    all["k_sync"].push_back({n, with(n), [n](const Times& times) { return times.order_statistic(n, kWorkers); }});
  }
  all["k_batch_sync"].push_back({4, with(4), [](const Times& times) {
                                   return times.name == "exponential" ? 4 * kMean / kWorkers
                                                                      : plain_k_batch_sync(4, times);
                                 }});
  all["k_async"].push_back({3, with(3), [](const Times& times) {
                              return times.name == "exponential" ? times.order_statistic(3, kWorkers)
                                                                 : plain_k_async(3, times);
                            }});
  return all;
}

/// Gradients that the server has taken in.
std::int64_t taken_in(const RunOutcome& run) {
  std::int64_t count = 0;
  for (const auto& [staleness, number] : run.staleness) count += number;
  return count;
}

/// Where workers end at different times, a worker's own rate is what counts.
double seconds_a_change(const RunOutcome& run, const TimingLaw& law, std::int64_t steps, bool drops) {
  if (drops) return run.seconds * law.gradients / static_cast<double>(taken_in(run));
  double rate = 0.0;
  for (const WorkerTotals& worker : run.workers) rate += static_cast<double>(steps) / (run.seconds - worker.idle_s);
  return law.gradients / rate;
}

LawVerdict within(const std::string& law, double got, double expected, const std::string& what) {
  const double ratio = got / expected;
  return {law, std::abs(ratio - 1.0) < kTolerance, what + " " + shortest(got) + ", expected " + shortest(expected)};
}

/// Law 11: a server that takes in every gradient by itself.
void add_staleness(const RunOutcome& run, const Times& times, std::vector<LawVerdict>& verdicts) {
  double sum = 0.0, count = 0.0;
  for (const auto& [staleness, number] : run.staleness) {
    sum += static_cast<double>(staleness * number);
    count += static_cast<double>(number);
  }
  verdicts.push_back(within("11: mean staleness is M - 1, " + times.name, sum / count, kWorkers - 1, "mean"));
  if (times.name != "exponential") return;
  double worst = 0.0;
  for (std::int64_t j = 0; j < 16; ++j) {
    const auto found = run.staleness.find(j);
    const double share = found == run.staleness.end() ? 0.0 : static_cast<double>(found->second) / count;
    worst = std::max(worst, std::abs(share - std::pow(1.0 - 1.0 / kWorkers, static_cast<double>(j)) / kWorkers));
  }
  verdicts.push_back({"11: P(tau = j) = (1/M) (1 - 1/M)^j", worst < 0.004, "shares off by at most " + shortest(worst)});
}

}  // namespace

std::vector<LawVerdict> timing_laws(const std::string& strategy, std::int64_t changes) {
  std::vector<LawVerdict> verdicts;
  const auto all = laws();
  const auto mine = all.find(strategy);
  if (mine == all.end()) return verdicts;
  for (const TimingLaw& law : mine->second) {
    for (const Times& times : all_times()) {
      QuadraticProblem problem{.strategy = strategy, .options = law.options, .workers = kWorkers};
      const bool drops = quadratic_traits(problem).drops;
      problem.steps = drops ? changes : changes * law.gradients / kWorkers;
      problem.only_times = times.cluster;
      problem.slots = 1;
      const RunOutcome run = solve(problem).run;
      verdicts.push_back(within("12: time a change, n = " + std::to_string(law.gradients) + ", " + times.name,
                                seconds_a_change(run, law, problem.steps, drops), law.expected(times), "seconds"));
      if (strategy == "async_sgd") add_staleness(run, times, verdicts);
    }
  }
  return verdicts;
}

}  // namespace sac
