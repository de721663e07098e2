#include "experiments/strategy_laws.h"

#include <algorithm>
#include <cmath>

#include "engine/train/strategy.h"
#include "experiments/feedback_law.h"
#include "experiments/quadratic_problem.h"

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

std::string word(const char* text) { return text; }
std::int64_t n(std::int64_t value) { return value; }

/// With these options a strategy is another one; an empty name is the initial model.
struct Equality {
  std::string law;
  std::string strategy;
  ValueMap options;
  std::string other;
  ValueMap other_options;
  std::int64_t workers = 4;
  std::string optimizer = "sgd";
  ValueMap optimizer_options{};
};

std::vector<Equality> equalities() {
  const ValueMap h3{{"period", n(3)}};
  const auto h3_and = [&](ValueMap more) {
    more.insert(h3.begin(), h3.end());
    return more;
  };
  const ValueMap outer{{"outer_optimizer", word("sgd")}, {"outer_lr", 1.0}, {"outer_momentum", 0.0}};
  const ValueMap server{{"server_optimizer", word("sgd")}, {"server_lr", 1.0}, {"server_momentum", 0.0}};
  return {
      {"2: period 1 is sync_sgd", "local_sgd", {{"period", n(1)}}, "sync_sgd", {}},
      {"3: outer sgd, step size 1 is local_sgd", "diloco", h3_and(outer), "local_sgd", h3},
      {"3: outer step size 0 never moves", "diloco", h3_and({{"outer_lr", 0.0}}), "", {}},
      {"one fragment, no delay is diloco", "streaming_diloco",
       h3_and({{"fragments", n(1)}, {"delay", n(0)}, {"merge_weight", 0.0}}), "diloco", h3},
      {"4: no slow momentum is local_sgd", "slowmo", h3_and({{"slow_momentum", 0.0}}), "local_sgd", h3},
      {"no block momentum is local_sgd", "bmuf", h3_and({{"block_momentum", 0.0}}), "local_sgd", h3},
      {"t0 = 0 is local_sgd", "post_local_sgd", h3_and({{"switch_step", n(0)}}), "local_sgd", h3},
      {"one node is local_sgd", "hierarchical_local_sgd", h3_and({{"node_size", n(64)}}), "local_sgd", h3},
      {"no delay is local_sgd", "delayed_sync_momentum", h3_and({{"delay", n(0)}}), "local_sgd", h3},
      {"p = 1 is sync_sgd", "sparta", {{"probability", 1.0}}, "sync_sgd", {}},
      {"f = 1 is sync_sgd", "staged", {{"fraction", 1.0}}, "sync_sgd", {}},
      {"T = 1 is sync_sgd", "staged", {{"period", n(1)}}, "sync_sgd", {}},
      {"f = 0 is local_sgd", "staged", h3_and({{"fraction", 0.0}}), "local_sgd", h3},
      {"on a server without slack it is sync_sgd",
       "staged",
       {{"async", word("server")}, {"staleness", n(0)}},
       "sync_sgd",
       {}},
      {"5: s = 0, shared weight is sync_sgd",
       "ssp",
       {{"staleness", n(0)}, {"gradient_weight", word("share")}},
       "sync_sgd",
       {}},
      {"5: s = inf is async_sgd", "ssp", {{"staleness", n(1000000)}}, "async_sgd", {}},
      {"5: delay compensation of 0 is none",
       "async_sgd",
       {{"stale_remedy", word("delay_compensation")}, {"stale_lambda", 0.0}},
       "async_sgd",
       {}},
      {"all gradients is sync_sgd", "k_sync", {}, "sync_sgd", {}},
      {"all gradients is sync_sgd", "k_async", {}, "sync_sgd", {}},
      {"a range of one value is ssp",
       "dssp",
       {{"staleness_min", n(2)}, {"staleness_max", n(2)}},
       "ssp",
       {{"staleness", n(2)}}},
      {"all shared, s = 0, K-averaged is synchronous RMSProp",
       "asu_p",
       {{"staleness", n(0)}, {"gradients", n(0)}, {"rms_momentum", 0.9}, {"rms_eps", 1e-6}},
       "sync_sgd",
       {},
       4,
       "rmsprop",
       {{"momentum", 0.9}, {"eps", 1e-6}}},
      {"alone, alpha = 1 is serial SGD", "fedasync", {{"alpha", 1.0}}, "sync_sgd", {}, 1},
      {"alpha = 0 never moves", "fedasync", h3_and({{"alpha", 0.0}}), "", {}},
      {"alone, a buffer of 1 is serial SGD", "fedbuff", {{"buffer", n(1)}}, "sync_sgd", {}, 1},
      {"server step size 0 never moves", "fedbuff", h3_and({{"server_lr", 0.0}, {"buffer", n(1)}}), "", {}},
      {"p = 0 is diloco", "palsgd", h3_and({{"probability", 0.0}}), "diloco", h3},
      {"complete is sync_sgd in the mean", "d_psgd", {{"topology", word("complete")}}, "sync_sgd", {}},
      {"complete is sync_sgd", "sgp", {{"topology", word("complete")}}, "sync_sgd", {}},
      {"complete, full rate is sync_sgd",
       "choco",
       {{"topology", word("complete")}, {"consensus_rate", 1.0}},
       "sync_sgd",
       {}},
      {"everybody every round is local_sgd", "fedavg", h3, "local_sgd", h3},
      {"mu = 0 is fedavg", "fedprox", h3_and({{"mu", 0.0}}), "fedavg", h3},
      {"server sgd, step size 1 is fedavg", "fedopt", h3_and(server), "fedavg", h3},
      {"its mean is local_sgd's", "scaffold", h3, "local_sgd", h3},
  };
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
  if (strategy == "sync_sgd") law("6: error feedback loses nothing", feedback_loses_nothing);
  for (const Equality& equality : equalities()) {
    if (equality.strategy == strategy) verdicts.push_back(tried(equality.law, [&] { return check(equality); }));
  }
  return verdicts;
}

}  // namespace sac
