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
constexpr double kTolerance = 0.01;  ///< of a mean over 10^5 gradients or more
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

/// One law: what the strategy is run with, and its mean time a change where that is known.
struct TimingLaw {
  int gradients;  ///< n
  ValueMap options;
  bool waits;                                  ///< who has pushed waits for the change
  bool drops;                                  ///< a change calls off what is computed
  std::function<double(const Times&)> closed;  ///< 0 = none known
};

/// A server and its workers in a page, without messages, threads or arithmetic: shares no code with the cluster.
class PlainServer {
 public:
  PlainServer(const TimingLaw& law, const Times& times, std::int64_t steps, std::uint64_t seed)
      : law_(&law), times_(&times), workers_(kWorkers), present_(kWorkers) {
    for (int rank = 0; rank < kWorkers; ++rank) {
      workers_[at(rank)].left = steps;
      workers_[at(rank)].stream = RandomStream(seed, static_cast<std::uint32_t>(rank), Purpose::kComputeTime);
      begin(workers_[at(rank)]);
    }
  }

  /// Until the last worker has done its steps, or to the end of change number `changes`.
  void run(std::int64_t changes = -1) {
    while (present_ > 0 && changes_ != changes) {
      Worker* first = nullptr;
      for (Worker& worker : workers_) {
        if (worker.computes && (first == nullptr || worker.done < first->done)) first = &worker;
      }
      push(*first);
    }
  }
  [[nodiscard]] double now() const { return now_; }
  [[nodiscard]] std::int64_t changes() const { return changes_; }

 private:
  struct Worker {
    std::int64_t left = 0;  ///< steps
    double done = 0.0;      ///< when its gradient is
    bool computes = false;
    bool waits = false;
    RandomStream stream{0, 0, Purpose::kComputeTime};
  };
  static std::size_t at(int rank) { return static_cast<std::size_t>(rank); }

  void begin(Worker& worker) {
    worker.waits = false;
    worker.computes = worker.left > 0;
    if (worker.computes) {
      worker.done = now_ + times_->draw(worker.stream);
      --worker.left;
    } else {
      --present_;
    }
  }
  void push(Worker& worker) {
    now_ = worker.done;
    worker.computes = false;
    worker.waits = law_->waits;
    const int needed = law_->waits ? std::min(law_->gradients, std::max(present_, 1)) : law_->gradients;
    if (++collected_ < needed) {
      if (!worker.waits) begin(worker);
      return;
    }
    collected_ = 0;
    ++changes_;
    for (Worker& other : workers_) {
      if (&other == &worker || other.waits || (law_->drops && other.computes)) begin(other);
    }
  }

  const TimingLaw* law_;
  const Times* times_;
  std::vector<Worker> workers_;
  int present_;
  double now_ = 0.0;
  int collected_ = 0;
  std::int64_t changes_ = 0;
};

std::map<std::string, TimingLaw> laws() {
  const auto n = [](int gradients) { return ValueMap{{"gradients", std::int64_t{gradients}}}; };
  const auto share = [](int gradients) { return [=](const Times&) { return gradients * kMean / kWorkers; }; };
  const auto exponential_only = [](const std::function<double(const Times&)>& closed) {
    return [=](const Times& times) { return times.name == "exponential" ? closed(times) : 0.0; };
  };
  const auto third = [](const Times& times) { return times.order_statistic(3, kWorkers); };
  return {{"async_sgd", {1, {}, false, false, share(1)}},
          {"k_batch_async", {4, n(4), false, false, share(4)}},
          {"k_sync", {3, n(3), true, true, third}},
          {"k_batch_sync", {4, n(4), false, true, exponential_only(share(4))}},
          {"k_async", {3, n(3), true, false, exponential_only(third)}}};
}

LawVerdict near(const std::string& law, double got, double expected, double tolerance) {
  const double off = std::abs(got / expected - 1.0);
  return {law, off < tolerance, shortest(got) + " s, expected " + shortest(expected) + ", off by " + shortest(off)};
}

/// Law 11: a server that takes in every gradient by itself.
void add_staleness(const RunOutcome& run, const Times& times, std::vector<LawVerdict>& verdicts) {
  double sum = 0.0, count = 0.0;
  for (const auto& [staleness, number] : run.staleness) {
    sum += static_cast<double>(staleness * number);
    count += static_cast<double>(number);
  }
  const double off = std::abs(sum / count / (kWorkers - 1) - 1.0);
  verdicts.push_back({"11: staleness is M - 1 in the mean, " + times.name, off < kTolerance,
                      shortest(sum / count) + " over " + shortest(count) + " gradients"});
  if (times.name != "exponential") return;
  double worst = 0.0;
  for (std::int64_t j = 0; j < 16; ++j) {
    const auto found = run.staleness.find(j);
    const double share = found == run.staleness.end() ? 0.0 : static_cast<double>(found->second) / count;
    worst = std::max(worst, std::abs(share - std::pow(1.0 - 1.0 / kWorkers, static_cast<double>(j)) / kWorkers));
  }
  verdicts.push_back({"11: P(tau = j) = (1/M) (1 - 1/M)^j", worst < 2.0 / std::sqrt(count),
                      "shares off by at most " + shortest(worst)});
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
    PlainServer same(law, times, problem.steps, kQuadraticSeed);
    same.run();
    verdicts.push_back(near("12: time of " + std::to_string(same.changes()) + " changes as simulated, " + times.name,
                            run.seconds, same.now(), kRounding));
    if (strategy == "async_sgd") add_staleness(run, times, verdicts);
    const double closed = law.closed(times);
    if (closed == 0.0) continue;
    PlainServer many(law, times, 100 * kManyChanges, 7);
    many.run(kManyChanges);
    verdicts.push_back(near("12: mean time a change as by its closed form, " + times.name,
                            many.now() / static_cast<double>(many.changes()), closed, kTolerance));
  }
  return verdicts;
}

}  // namespace sac
