#include "experiments/strategy_laws.h"

#include <algorithm>
#include <cmath>

#include "engine/train/strategy.h"
#include "experiments/feedback_law.h"
#include "experiments/quadratic_problem.h"
#include "experiments/strategy_equalities.h"
#include "experiments/timing_laws.h"

namespace sac {
namespace {

constexpr double kRounding = 1e-10;

double distance(const at::Tensor& a, const at::Tensor& b) { return a.sub(b).abs().max().item<double>(); }

LawVerdict near(const std::string& law, const at::Tensor& a, const at::Tensor& b) {
  const double off = distance(a, b);
  return {law, off < kRounding, "apart by " + shortest(off) + ", allowed " + shortest(kRounding)};
}

LawVerdict alone_is_serial(const QuadraticProblem& given) {
  QuadraticProblem alone = given;
  alone.workers = 1;
  QuadraticProblem serial = alone;
  serial.strategy = "sync_sgd";
  return near("1: alone it is serial SGD", solve(alone).mean(), solve(serial).mean());
}

LawVerdict repeats(const QuadraticProblem& given) {
  QuadraticProblem other = given;
  other.slots = 1;
  const RunOutcome two = solve(given).run;
  const RunOutcome one = solve(other).run;
  const bool same = one.params_sha256 == two.params_sha256 && one.seconds == two.seconds;
  return {"same bits and times with 1 and 2 slots", same,
          one.params_sha256.substr(0, 12) + " and " + two.params_sha256.substr(0, 12)};
}

LawVerdict rests_at_the_optimum(const QuadraticProblem& given) {
  QuadraticProblem still = given;
  still.still = true;
  const QuadraticOutcome end = solve(still);
  double worst = 0.0;
  for (const at::Tensor& replica : end.replicas) worst = std::max(worst, distance(replica, quadratic_start()));
  return {"without gradients nothing moves", worst < kRounding, "moved by " + shortest(worst)};
}

LawVerdict learns(const QuadraticProblem& given) {
  QuadraticProblem longer = given;
  longer.steps = 200;
  const double before = solve(given).run.loss.value_or(NAN);
  const double after = solve(longer).run.loss.value_or(NAN);
  return {"it learns: more steps do not end higher", after < 1.1 * before,
          "loss " + shortest(before) + " after 12 steps, " + shortest(after) + " after 200"};
}

LawVerdict accounts_add_up(const QuadraticProblem& given) {
  const RunOutcome run = solve(given).run;
  double worst = 0.0;
  for (const WorkerTotals& w : run.workers) {
    worst = std::max(worst, std::abs(w.compute_s + w.communication_s + w.waiting_s + w.idle_s - run.seconds));
  }
  return {"every second has an owner", worst < 1e-9, "off by " + shortest(worst) + " s of " + shortest(run.seconds)};
}

/// The step size is a worker's share of 0.1: a server that takes each gradient in full then moves as fast as one worker
/// alone, and what is 63 changes late does no harm.
LawVerdict runs_with_64(const QuadraticProblem& given) {
  QuadraticProblem many = given;
  many.workers = 64;
  many.lr = 0.1 / 64.0;
  many.steps = 40;
  const double before = quadratic_start_loss();
  const double after = solve(many).run.loss.value_or(NAN);
  return {"it learns with 64 workers", after < before,
          "loss " + shortest(before) + " before, " + shortest(after) + " after"};
}

/// For strategies that take codecs. Equal times: larger messages must not change who comes first.
LawVerdict keeps_all(const QuadraticProblem& given) {
  QuadraticProblem plain = given;
  plain.compute = "constant";
  QuadraticProblem coded = plain;
  coded.options = {{"codec", std::string("topk")}, {"codec_ratio", 1.0}};
  return near("10: a codec that keeps all is none", solve(coded).mean(), solve(plain).mean());
}

LawVerdict feedback_loses_nothing(const QuadraticProblem& /*given*/) {
  double worst = 0.0;
  for (const char* codec : {"topk", "int8", "onebit", "signsgd"}) worst = std::max(worst, lost_by_feedback(codec));
  return {"6: error feedback loses nothing", worst < kRounding,
          "x_T - e_T is off by " + shortest(worst) + ", allowed " + shortest(kRounding)};
}

bool takes_codecs(const std::string& strategy) {
  const std::vector<OptionSpec>& options = Registry<StrategyEntry>::instance().at(strategy).options;
  return std::any_of(options.begin(), options.end(), [](const OptionSpec& option) { return option.name == "codec"; });
}

LawVerdict check(const Equality& equality) {
  QuadraticProblem problem{.strategy = equality.strategy,
                           .options = equality.options,
                           .workers = equality.workers,
                           .optimizer = equality.optimizer,
                           .optimizer_options = equality.optimizer_options};
  const at::Tensor left = solve(problem).mean();
  if (equality.other.empty()) return near(equality.law, left, quadratic_start());
  problem.strategy = equality.other;
  problem.options = equality.other_options;
  return near(equality.law, left, solve(problem).mean());
}

/// A law that cannot be tried does not hold.
template <class Law>
LawVerdict tried(const std::string& law, const Law& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    return {law, false, error.what()};
  }
}

}  // namespace

std::vector<LawVerdict> check_laws(const std::string& strategy) {
  const QuadraticProblem problem{.strategy = strategy};
  const Traits traits = quadratic_traits(problem);
  std::vector<LawVerdict> verdicts;
  const auto law = [&](const std::string& name, LawVerdict (*body)(const QuadraticProblem&)) {
    verdicts.push_back(tried(name, [&] { return body(problem); }));
  };
  if (traits.serial_alone) law("1: alone it is serial SGD", alone_is_serial);
  law("same bits and times with 1 and 2 slots", repeats);
  law("without gradients nothing moves", rests_at_the_optimum);
  law("it learns", learns);
  law("every second has an owner", accounts_add_up);
  law("it learns with 64 workers", runs_with_64);
  if (takes_codecs(strategy)) law("10: a codec that keeps all is none", keeps_all);
  const std::vector<LawVerdict> timing = timing_laws(strategy, 20000);
  verdicts.insert(verdicts.end(), timing.begin(), timing.end());
  if (strategy == "sync_sgd") law("6: error feedback loses nothing", feedback_loses_nothing);
  for (const Equality& equality : equalities()) {
    if (equality.strategy == strategy) verdicts.push_back(tried(equality.law, [&] { return check(equality); }));
  }
  return verdicts;
}

}  // namespace sac
