#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/train/matrices.h"
#include "tests/support/strategy_runs.h"

namespace sac::test {
namespace {

/// On layers of 30 x 2, 7, 60 x 2 and 5 elements.
ToyRun matrices(const std::string& strategy, ValueMap options) {
  ToyRun run = with(strategy, std::move(options));
  run.layers = {60, 7, 120, 5};
  run.steps = 20;
  return run;
}

at::Tensor end_of(const ToyRun& run) {
  const auto path = trace(run);
  return mean_at(path, path[0].size() - 1);
}

TEST(Huffman, ChangesBytesAndNothingElse) {
  for (const char* strategy : {"sync_sgd", "local_sgd", "async_sgd", "fedavg"}) {
    for (const char* codec : {"qsgd", "int8", "terngrad", "natural"}) {
      for (const bool feedback : {false, true}) {
        ValueMap options{{"codec", word(codec)}, {"error_feedback", feedback}};
        const ToyRun plain = matrices(strategy, options);
        options["codec_entropy"] = word("huffman");
        ToyRun coded = matrices(strategy, options);
        coded.dtype = at::kFloat;
        ToyRun raw = plain;
        raw.dtype = at::kFloat;
        const std::string label = std::string(strategy) + " " + codec;
        if (std::string(strategy) == "async_sgd") {  // times, and so the order of updates, may change with the bytes
          EXPECT_TRUE(std::isfinite(*coded.run().loss)) << label;
        } else {
          EXPECT_EQ(coded.run().params_sha256, raw.run().params_sha256) << label;
        }
        EXPECT_FALSE(coded.job().strategy()->traits().oblivious) << label;
      }
    }
  }
}

TEST(Huffman, ShorterMessagesAreChargedLess) {
  ToyRun raw = matrices("sync_sgd", {{"codec", word("int8")}});
  raw.layers = {3000};
  ToyRun coded = raw;
  coded.options["codec_entropy"] = word("huffman");
  const RunOutcome plain = raw.run();
  const RunOutcome shorter = coded.run();
  EXPECT_LT(shorter.workers[0].payload_bytes, plain.workers[0].payload_bytes);
  EXPECT_GT(shorter.workers[0].payload_bytes, plain.workers[0].payload_bytes / 2);
}

TEST(Law7, PowerSgdOfFullRankIsNoCodec) {
  for (const char* strategy : {"sync_sgd", "local_sgd", "hierarchical_local_sgd", "easgd"}) {
    const at::Tensor plain = end_of(matrices(strategy, {}));
    for (const bool feedback : {false, true}) {
      const at::Tensor full =
          end_of(matrices(strategy, {{"codec", word("powersgd")}, {"codec_rank", n(2)}, {"error_feedback", feedback}}));
      EXPECT_LT(distance(full, plain), kRounding) << strategy;
    }
    EXPECT_GT(distance(end_of(matrices(strategy, {{"codec", word("powersgd")}, {"codec_rank", n(1)}})), plain), 1e-6);
  }
}

TEST(PowerSgd, SendsItsFormula) {
  ToyRun run = matrices("sync_sgd", {{"codec", word("powersgd")}, {"codec_rank", n(1)}});
  run.layers = {60, 7, 120, 5};  // 30 x 2 and 60 x 2; 7 and 5 travel as they are
  EXPECT_EQ(run.run().workers[0].payload_bytes, 20 * 8 * (30 + 2 + 60 + 2 + 7 + 5));
}

TEST(PowerSgd, ErrorFeedbackBringsItToTheOptimum) {
  const auto distance_to_plain = [](bool feedback) {
    ToyRun run =
        matrices("sync_sgd", {{"codec", word("powersgd")}, {"codec_rank", n(1)}, {"error_feedback", feedback}});
    run.steps = 200;
    ToyRun plain = matrices("sync_sgd", {});
    plain.steps = 200;
    return distance(end_of(run), end_of(plain));
  };
  EXPECT_LT(distance_to_plain(true), 1.0);
}

TEST(PowerSgd, MatricesAreTheWholeRowsOfWhatIsCarried) {
  Layout layout;
  layout.parameters = {
      {"a.weight", {4, 3}, {0, 12}, 0}, {"a.bias", {4}, {12, 16}, 0}, {"b.weight", {2, 2, 5}, {16, 36}, 1}};
  layout.layers = {{"a", {0, 16}, {}}, {"b", {16, 36}, {}}};
  const auto of = [&](const std::vector<Range>& ranges) { return matrices_of(layout, Slices(ranges)); };
  EXPECT_EQ(of({{0, 36}}), (std::vector<Matrix>{{0, 4, 3}, {16, 2, 10}}));
  EXPECT_EQ(of({{4, 36}}), (std::vector<Matrix>{{2, 2, 3}, {12, 2, 10}}));  // rows 2 and 3 of a
  EXPECT_EQ(of({{0, 5}, {12, 27}}), (std::vector<Matrix>{{0, 1, 3}, {9, 1, 10}}));
  EXPECT_EQ(of({{12, 16}}), std::vector<Matrix>{});
  EXPECT_EQ(of({{13, 15}, {17, 25}}), std::vector<Matrix>{});
}

TEST(Dgc, WithoutMomentumItIsTopKWithErrorFeedback) {
  const ValueMap topk{{"codec", word("topk")}, {"codec_ratio", 0.1}, {"error_feedback", true}};
  const ValueMap dgc{{"codec", word("dgc")}, {"codec_ratio", 0.1}, {"codec_momentum", 0.0}};
  EXPECT_LT(distance(end_of(matrices("sync_sgd", dgc)), end_of(matrices("sync_sgd", topk))), kRounding);
}

TEST(Dgc, SendingEverythingItIsPlainSgd) {
  const ValueMap all{{"codec", word("dgc")}, {"codec_ratio", 1.0}};  // what is sent leaves no momentum behind
  EXPECT_LT(distance(end_of(matrices("sync_sgd", all)), end_of(matrices("sync_sgd", {}))), kRounding);
}

TEST(Dgc, IsThePapersRule) {
  ToyRun run = matrices("sync_sgd", {{"codec", word("dgc")},
                                     {"codec_ratio", 0.05},
                                     {"codec_momentum", 0.8},
                                     {"codec_warmup", n(6)},
                                     {"codec_clip", 9.0}});
  run.layers = {40};
  run.workers = 1;
  const auto path = trace(run);
  const ToyData data(40, run.batch);
  at::Tensor x = at::empty({40}, at::TensorOptions(at::kDouble));
  ToyModel(run.layers).initialise(x, {}, run.seed);
  at::Tensor u = at::zeros_like(x), v = at::zeros_like(x);
  for (std::int64_t step = 0; step < run.steps; ++step) {
    Batch batch;
    data.train_batch(0, 1, step, 0, 1, batch);
    at::Tensor g = x - batch.inputs.mean(0);
    const double norm = g.norm().item<double>();
    if (norm > 9.0) g = g * (9.0 / norm);
    u = 0.8 * u + g;
    v = v + u;
    const double ratio = std::pow(0.05, std::min(1.0, static_cast<double>(step + 1) / 6.0));
    const auto k = std::max<std::int64_t>(1, std::llround(ratio * 40));
    const at::Tensor places = std::get<1>(v.abs().topk(k));
    const at::Tensor mask = at::zeros({40}, at::TensorOptions(at::kBool)).index_fill(0, places, true);
    x = x - run.lr * v.where(mask, at::zeros_like(v));
    v = v.masked_fill(mask, 0.0);
    u = u.masked_fill(mask, 0.0);
    EXPECT_LT(distance(path[0][static_cast<std::size_t>(step)], x), 1e-10) << step;
  }
}

TEST(Codecs, WhatCannotTravelASetWayIsRefused) {
  const auto refused = [](const std::string& strategy, ValueMap options) {
    EXPECT_THROW(with(strategy, std::move(options)).job().strategy(), ConfigError) << strategy;
  };
  refused("async_sgd", {{"codec", word("powersgd")}});
  refused("choco", {{"codec", word("powersgd")}});
  refused("choco", {{"codec", word("qsgd")}, {"codec_entropy", word("huffman")}});
  refused("sync_sgd", {{"codec", word("topk")}, {"codec_entropy", word("huffman")}});
  refused("sync_sgd", {{"codec_entropy", word("huffman")}});
  refused("sync_sgd", {{"codec", word("dgc")}, {"error_feedback", true}});
  refused("local_sgd", {{"codec", word("dgc")}});
  EXPECT_NO_THROW(matrices("local_sgd", {{"codec", word("dgc")}, {"codec_momentum", 0.0}}).job().strategy());
  EXPECT_NO_THROW(matrices("async_sgd", {{"codec", word("dgc")}}).run());
}

}  // namespace
}  // namespace sac::test
