#include <gtest/gtest.h>

#include "engine/compress/codec.h"
#include "engine/core/error.h"
#include "tests/support/toy.h"

namespace sac::test {
namespace {

constexpr double kRounding = 1e-12;

std::vector<std::string> strategies_with_codecs() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : Registry<StrategyEntry>::instance().entries()) {
    const bool takes = std::any_of(entry.options.begin(), entry.options.end(),
                                   [](const OptionSpec& option) { return option.name == "codec"; });
    if (takes) names.push_back(name);
  }
  return names;
}

ToyRun with(const std::string& strategy, ValueMap options) {
  ToyRun run;
  run.strategy = strategy;
  run.options = std::move(options);
  return run;
}

ValueMap codec(const std::string& name, bool feedback, const std::string& rule = "ef") {
  ValueMap options{{"codec", name}, {"codec_ratio", 0.2}, {"error_feedback", feedback}};
  if (feedback) options["error_feedback_rule"] = rule;
  return options;
}

/// Every combination that is not refused, each with its name.
template <class Body>
void each_pair(const Body& body) {
  for (const std::string& strategy : strategies_with_codecs()) {
    for (const CodecEntry& entry : codecs()) {
      for (const char* feedback : {"", "ef", "ef21"}) {
        const bool fed = *feedback != '\0';
        ToyRun run = with(strategy, codec(entry.name, fed, fed ? feedback : "ef"));
        SCOPED_TRACE(strategy + " " + entry.name + " " + feedback);
        bool refused = false;
        try {
          run.job().strategy();
        } catch (const ConfigError&) {
          refused = true;
        }
        if (!refused) body(run);
      }
    }
  }
}

TEST(Codecs, EveryStrategyWithEveryCodecIsAFunctionOfItsSpec) {
  int pairs = 0;
  each_pair([&](ToyRun& run) {
    ++pairs;
    run.compute.model = "pareto";
    run.steps = 24;
    run.dtype = at::kFloat;
    run.slots = 1;
    const RunOutcome one = run.run();
    run.slots = 2;
    const RunOutcome two = run.run();
    EXPECT_EQ(one.params_sha256, two.params_sha256);
    EXPECT_EQ(one.seconds, two.seconds);
    EXPECT_TRUE(std::isfinite(*one.loss));
  });
  EXPECT_GE(pairs, 29 * 4);
}

TEST(Codecs, SyncSgdSendsTheCodecsBytesAStep) {
  for (const CodecEntry& entry : codecs()) {
    for (const bool feedback : {false, true}) {
      if (feedback && entry.name == "dgc") continue;  // it has its own
      for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
        ToyRun run = with("sync_sgd", codec(entry.name, feedback));
        run.dtype = dtype;
        const auto made = entry.make({.ratio = 0.2, .error_feedback = feedback});
        EXPECT_EQ(run.run().workers[0].payload_bytes, 12 * made->bytes(19, dtype == at::kFloat ? 4 : 8)) << entry.name;
      }
    }
  }
}

TEST(Law6, ErrorFeedbackLosesNothing) {
  // At the end of training x_T - e_T = x_0 - sum_t lr_t g_t: with a zero gradient from step 1 on, what was kept back
  // arrives. The toy's gradient is x - target, so the identity is checked by replaying the parameters.
  for (const char* name : {"topk", "signsgd", "onebit", "int8"}) {
    ToyRun run = with("sync_sgd", codec(name, true));
    run.workers = 1;
    run.steps = 30;
    at::Tensor start = at::empty({19}, at::TensorOptions(at::kDouble));
    ToyModel(run.layers).initialise(start, {}, run.seed);
    const auto path = trace(run);
    const ToyData data(19, run.batch);
    at::Tensor pushed = at::zeros_like(start);
    at::Tensor x = start;
    double worst = 0.0;
    for (std::int64_t step = 0; step < run.steps; ++step) {
      Batch batch;
      data.train_batch(0, 1, step, 0, 1, batch);
      pushed += run.lr * (x - batch.inputs.mean(0));
      x = path[0][static_cast<std::size_t>(step)];
      worst = std::max(worst, distance(x, start - pushed));  // = |e|, which stays bounded
    }
    EXPECT_LT(worst, 1.5) << name;
    EXPECT_GT(worst, 0.0) << name;
  }
}

TEST(Law10, ACodecThatKeepsEverythingIsNoCodec) {
  const ValueMap all{{"codec", std::string("topk")}, {"codec_ratio", 1.0}};
  for (const std::string& strategy : strategies_with_codecs()) {
    const auto plain = trace(with(strategy, {}));
    const auto coded = trace(with(strategy, all));
    EXPECT_LT(distance(mean_at(plain, 11), mean_at(coded, 11)), kRounding) << strategy;
  }
}

TEST(Codecs, SignSgdFollowsTheMajority) {
  ToyRun run = with("sync_sgd", codec("signsgd", false));
  run.workers = 3;
  const auto path = trace(run);
  const at::Tensor step = (path[0][1] - path[0][0]).abs() / run.lr;
  EXPECT_LT(distance(step, at::ones_like(step)), kRounding);
}

TEST(Codecs, ErrorFeedbackRescuesTopK) {
  const auto loss = [](bool feedback) {
    ToyRun run =
        with("sync_sgd", {{"codec", std::string("topk")}, {"codec_ratio", 0.05}, {"error_feedback", feedback}});
    run.steps = 300;
    run.lr = 0.02;
    return *run.run().loss;
  };
  EXPECT_LT(loss(true), loss(false));
}

TEST(Codecs, ImpossiblePairsAreRefused) {
  EXPECT_THROW(with("sync_sgd", {{"error_feedback", true}}).run(), ConfigError);
  EXPECT_THROW(with("local_sgd", codec("signsgd", false)).run(), ConfigError);
  ValueMap overlap = codec("topk", false);
  overlap["overlap"] = true;
  EXPECT_THROW(with("sync_sgd", overlap).run(), ConfigError);
}

}  // namespace
}  // namespace sac::test
