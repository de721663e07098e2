#include "experiments/timing_laws.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "engine/core/random.h"
#include "engine/train/strategy.h"
#include "experiments/plain_server.h"
#include "experiments/quadratic_problem.h"

namespace sac {
namespace {

constexpr int kWorkers = 8;
constexpr double kMean = 0.01;       ///< seconds a gradient
constexpr double kShift = 0.004;     ///< of these, at least
constexpr double kTolerance = 0.01;  ///< of a mean over 10^6 changes
constexpr double kRounding = 1e-9;
constexpr double kShape = 2.5;  ///< pareto

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

/// One law: what the strategy is run with, the same in plain words, and its mean time a change where that is known.
struct TimingLaw {
  ValueMap options;
  PlainRule rule;
  std::function<double(const Times&)> closed;  ///< 0 = none known
};

std::map<std::string, TimingLaw> laws() {
  const auto n = [](int gradients) { return ValueMap{{"gradients", std::int64_t{gradients}}}; };
  const auto share = [](int gradients) { return [=](const Times&) { return gradients * kMean / kWorkers; }; };
  const auto exponential_only = [](const std::function<double(const Times&)>& closed) {
    return [=](const Times& times) { return times.name == "exponential" ? closed(times) : 0.0; };
  };
  const auto third = [](const Times& times) { return times.order_statistic(3, kWorkers); };
  const auto rule = [](int gradients, bool waits, bool drops) {
    return PlainRule{.workers = kWorkers, .gradients = gradients, .waits = waits, .drops = drops};
  };
  return {{"async_sgd", {{}, rule(1, false, false), share(1)}},
          {"k_batch_async", {n(4), rule(4, false, false), share(4)}},
          {"k_sync", {n(3), rule(3, true, true), third}},
          {"k_batch_sync", {n(4), rule(4, false, true), exponential_only(share(4))}},
          {"k_async", {n(3), rule(3, true, false), exponential_only(third)}}};
}

LawVerdict near(const std::string& law, double got, double expected, double tolerance) {
  const double off = std::abs(got / expected - 1.0);
  return {law, off < tolerance, shortest(got) + " s, expected " + shortest(expected) + ", off by " + shortest(off)};
}

/// Law 11, of a server that takes in every gradient by itself, over many changes.
void add_staleness(const PlainServer& many, const Times& times, std::vector<LawVerdict>& verdicts) {
  double sum = 0.0, count = 0.0;
  for (const auto& [staleness, number] : many.staleness()) {
    sum += static_cast<double>(staleness * number);
    count += static_cast<double>(number);
  }
  const double off = std::abs(sum / count / (kWorkers - 1) - 1.0);
  verdicts.push_back({"11: mean staleness M - 1, " + times.name, off < kTolerance, "mean " + shortest(sum / count)});
  if (times.name != "exponential") return;
  double worst = 0.0;
  for (const auto& [j, number] : many.staleness()) {
    const double expected = std::pow(1.0 - 1.0 / kWorkers, static_cast<double>(j)) / kWorkers;
    worst = std::max(worst, std::abs(static_cast<double>(number) / count - expected));
  }
  verdicts.push_back(
      {"11: P(tau = j) = (1/M) (1 - 1/M)^j", worst < 0.1 * kTolerance, "shares off by at most " + shortest(worst)});
}

}  // namespace

std::vector<LawVerdict> timing_laws(const std::string& strategy, std::int64_t gradients) {
  constexpr std::int64_t kManyChanges = 1000000;
  std::vector<LawVerdict> verdicts;
  const auto all = laws();
  const auto mine = all.find(strategy);
  if (mine == all.end()) return verdicts;
  const TimingLaw& law = mine->second;
  for (const Times& times : all_times()) {
    QuadraticProblem problem{.strategy = strategy, .options = law.options, .workers = kWorkers};
    problem.steps = gradients / kWorkers;
    problem.only_times = times.cluster;
    problem.slots = 1;
    const RunOutcome run = solve(problem).run;
    PlainServer same(law.rule, times.draw, problem.steps, kQuadraticSeed);
    same.run();
    verdicts.push_back(near("12: time of " + std::to_string(same.changes()) + " changes as simulated, " + times.name,
                            run.seconds, same.now(), kRounding));
    if (!law.rule.waits) {
      verdicts.push_back({"11: staleness as simulated, " + times.name, run.staleness == same.staleness(),
                          std::to_string(run.staleness.size()) + " values"});
    }
    const double closed = law.closed(times);
    if (closed == 0.0) continue;
    PlainServer many(law.rule, times.draw, 100 * kManyChanges, 7);
    many.run(kManyChanges);
    verdicts.push_back(near("12: mean time a change as by its closed form, " + times.name,
                            many.now() / static_cast<double>(many.changes()), closed, kTolerance));
    if (strategy == "async_sgd") add_staleness(many, times, verdicts);
  }
  return verdicts;
}

}  // namespace sac
