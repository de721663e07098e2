#include <ATen/ops/empty.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include "engine/compress/codec.h"
#include "engine/core/error.h"
#include "engine/train/compressed_mean.h"
#include "tests/support/strategy_runs.h"

namespace sac::test {
namespace {

std::vector<std::string> strategies_with_codecs() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : Registry<StrategyEntry>::instance().entries()) {
    const bool takes = std::any_of(entry.options.begin(), entry.options.end(),
                                   [](const OptionSpec& option) { return option.name == "codec"; });
    if (takes) names.push_back(name);
  }
  return names;
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
  EXPECT_GE(pairs, 40 * 10);
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

/// SGD on gradients averaged as all strategies average them, with books of what was to be sent and what was kept back.
class Bookkeeper final : public Strategy {
 public:
  Bookkeeper(const Options& options, Probe::Trace& books) : mean_(options), books_(&books) {}
  void step(Worker& worker) override {
    worker.compute_gradients();
    std::vector<at::Tensor>& mine = (*books_)[static_cast<std::size_t>(worker.rank())];
    if (mine.empty()) mine = {at::zeros_like(worker.gradients()), {}, worker.parameters()};
    mine[0].add_(worker.gradients(), worker.lr());
    mean_.apply(worker, worker.comm(), worker.gradients(), worker.lr());
    mine[1] = mean_.kept().clone();
    worker.update();
  }

 private:
  CompressedMean mean_;
  Probe::Trace* books_;
};

TEST(Law6, ErrorFeedbackLosesNothing) {
  // x_T - mean_k e_k = x_0 - mean_k sum_t lr_t g_k,t, to rounding, for any codec, any number of workers and steps whose
  // size changes.
  for (const CodecEntry& entry : codecs()) {
    if (entry.name == "dgc") continue;  // keeps gradients, not steps, and by itself
    for (const std::int64_t workers : {1, 3}) {
      Probe::Trace books(static_cast<std::size_t>(workers));
      const Options options(Compressor::options(), codec(entry.name, true), "the law", "strategy.");
      ToyRun run;
      run.workers = workers;
      run.steps = 40;
      run.custom = [&] { return std::make_unique<Bookkeeper>(options, books); };
      Job job = run.job();
      job.schedule = Options(schedule_options(), {{"lr", 0.2}, {"schedule", std::string("cosine")}}, "the schedule");
      MemorySink sink;
      VirtualExecutor(run.cluster(), run.slots).run(job, sink);
      at::Tensor rest = at::empty({19}, at::TensorOptions(at::kDouble));
      ToyModel(run.layers).initialise(rest, {}, run.seed);
      rest.neg_();
      for (const auto& book : books) rest.add_(book[2] + book[0] - book[1], 1.0 / static_cast<double>(workers));
      const bool sum_is_rounded =
          workers > 1 && (entry.name == "fp16" || entry.name == "bf16");  // on its way, by nobody
      EXPECT_LT(rest.abs().max().item<double>(), sum_is_rounded ? 0.01 : kRounding)
          << entry.name << ", " << workers << " workers";
    }
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

TEST(Codecs, TraitsFollowTheCodec) {
  const auto traits = [](const std::string& name, const ValueMap& options) {
    return with(name, options).job().strategy()->traits();
  };
  for (const std::string& name : strategies_with_codecs()) {
    const bool waits_for_the_dead = traits(name, {{"codec", word("topk")}}).on_death == OnDeath::kStalls;
    EXPECT_EQ(waits_for_the_dead, traits(name, {}).on_death != OnDeath::kGoesOn)
        << name << ": all-gathers need everybody";
    if (name == "choco") continue;  // refuses messages of unknown length
    EXPECT_FALSE(traits(name, {{"codec", word("qsgd")}, {"codec_entropy", word("huffman")}}).oblivious) << name;
  }
}

TEST(Codecs, WhatIsKeptBackOfOneHalfIsNotGivenToTheOther) {
  const ValueMap swap{{"swap", true}, {"codec", word("dgc")}, {"codec_momentum", 0.0}};
  EXPECT_THROW(with("staged", swap).run(), ConfigError);
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
  for (const char* name : {"local_sgd", "hierarchical_local_sgd", "easgd", "overlap_local_sgd", "streaming_diloco",
                           "staged", "palsgd", "fedavg", "fedasync", "fedbuff"}) {
    EXPECT_THROW(with(name, codec("signsgd", false)).run(), ConfigError) << name;
  }
  for (const char* name : {"async_sgd", "asu_p", "fedavg", "fedbuff"}) {
    EXPECT_THROW(with(name, codec("topk", true, "ef21")).run(), ConfigError) << name;
  }
  ValueMap swap = codec("topk", true);
  swap["swap"] = true;
  EXPECT_THROW(with("staged", swap).run(), ConfigError);
  ValueMap overlap = codec("topk", false);
  overlap["overlap"] = true;
  EXPECT_THROW(with("sync_sgd", overlap).run(), ConfigError);
}

}  // namespace
}  // namespace sac::test
