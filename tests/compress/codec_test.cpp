#include "engine/compress/codec.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/core/error.h"

namespace sac::test {
namespace {

constexpr std::int64_t kSizes[] = {1, 2, 3, 7, 8, 9, 63, 511, 512, 513, 1000, 4097};

at::Tensor normal(std::int64_t count, at::ScalarType dtype, std::uint64_t seed = 3) {
  RandomStream stream(seed, 0, Purpose::kSynthetic);
  at::Tensor values = at::empty({count}, at::TensorOptions(dtype));
  for (std::int64_t i = 0; i < count; ++i) values[i] = stream.normal();
  return values;
}

at::Tensor through(const Codec& codec, const at::Tensor& values, std::uint64_t number = 1) {
  RandomStream random(number, 1, Purpose::kStrategy);
  const CodecRound round{.seed = 5, .number = number};
  at::Tensor back = at::full_like(values, 77.0);
  codec.decode(codec.encode(values, round, random), round, back);
  return back;
}

double squared(const at::Tensor& values) { return values.to(at::kDouble).square().sum().item<double>(); }

struct Case {
  std::string name;
  CodecConfig config{};
  std::function<std::int64_t(std::int64_t n, std::int64_t w)> bytes;
};

std::int64_t up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t k(double ratio, std::int64_t n) {
  return std::max<std::int64_t>(1, std::llround(ratio * static_cast<double>(n)));
}

/// Written down once more, apart from the code.
std::vector<Case> cases() {
  return {
      {"fp16", {}, [](auto n, auto) { return 2 * n; }},
      {"bf16", {}, [](auto n, auto) { return 2 * n; }},
      {"int8", {}, [](auto n, auto) { return 4 + n; }},
      {"qsgd", {}, [](auto n, auto) { return 4 * up(n, 512) + n; }},
      {"qsgd", {.levels = 7, .bucket = 100}, [](auto n, auto) { return 4 * up(n, 100) + up(4 * n, 8); }},
      {"qsgd", {.levels = 1, .bucket = 4096}, [](auto n, auto) { return 4 * up(n, 4096) + up(2 * n, 8); }},
      {"terngrad", {}, [](auto n, auto) { return 4 + up(n, 4); }},
      {"natural", {}, [](auto n, auto) { return up(9 * n, 8); }},
      {"onebit", {}, [](auto n, auto) { return 8 + up(n, 8); }},
      {"signsgd", {}, [](auto n, auto) { return up(n, 8); }},
      {"signsgd", {.error_feedback = true}, [](auto n, auto) { return 4 + up(n, 8); }},
      {"topk", {}, [](auto n, auto w) { return k(0.01, n) * (4 + w); }},
      {"topk", {.ratio = 1.0}, [](auto n, auto w) { return n * (4 + w); }},
      {"randomk", {.ratio = 0.1}, [](auto n, auto w) { return k(0.1, n) * w; }},
      {"dgc", {.ratio = 0.1}, [](auto n, auto w) { return k(0.1, n) * (4 + w); }},
  };
}

TEST(Codecs, EveryCodecHasItsFormulaTested) {
  for (const CodecEntry& entry : codecs()) {
    const auto all = cases();
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Case& c) { return c.name == entry.name; })) << entry.name;
  }
}

TEST(Codecs, MessagesHaveTheBytesOfTheFormula) {
  for (const Case& c : cases()) {
    const auto codec = make_codec(c.name, c.config);
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      for (const std::int64_t n : kSizes) {
        const at::Tensor values = normal(n, dtype);
        RandomStream random(1, 1, Purpose::kStrategy);
        const at::Tensor message = codec->encode(values, {.seed = 5, .number = 1}, random);
        const std::int64_t expected = c.bytes(n, dtype == at::kFloat ? 4 : 8);
        EXPECT_EQ(static_cast<std::int64_t>(message.nbytes()), expected) << c.name << " " << n;
        EXPECT_EQ(codec->bytes(n, values.element_size()), expected) << c.name << " " << n;
      }
    }
  }
}

TEST(Codecs, WhatComesBackIsNearWhatWasSent) {
  for (const Case& c : cases()) {
    const auto codec = make_codec(c.name, c.config);
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      for (const std::int64_t n : kSizes) {
        const at::Tensor back = through(*codec, normal(n, dtype));
        EXPECT_TRUE(back.isfinite().all().item<bool>()) << c.name << " " << n;
        EXPECT_FALSE((back == 77.0).any().item<bool>()) << c.name << " " << n;
      }
    }
    const at::Tensor zeros = at::zeros({33}, at::TensorOptions(at::kFloat));
    if (!codec->votes()) {
      EXPECT_EQ(squared(through(*codec, zeros)), 0.0) << c.name;
    }
  }
}

TEST(Codecs, RoundingErrorsAreWithinTheirBounds) {
  const at::Tensor x = normal(4097, at::kFloat);
  const double most = x.abs().max().item<double>();
  EXPECT_LE((through(*make_codec("fp16", {}), x) - x).abs().max().item<double>(), most / 2048);
  EXPECT_LE((through(*make_codec("bf16", {}), x) - x).abs().max().item<double>(), most / 256);
  EXPECT_LE((through(*make_codec("int8", {}), x) - x).abs().max().item<double>(), 0.501 * most / 127);
  const at::Tensor natural = through(*make_codec("natural", {}), x) / x;
  EXPECT_GE(natural.min().item<double>(), 0.5);
  EXPECT_LE(natural.max().item<double>(), 2.0);
}

TEST(Law6, TopKLeavesAtMostTheUnchosenShare) {
  for (const double ratio : {0.01, 0.1, 0.5, 1.0}) {
    for (const std::int64_t n : kSizes) {
      const at::Tensor x = normal(n, at::kDouble);
      const at::Tensor back = through(*make_codec("topk", {.ratio = ratio}), x);
      const auto chosen = static_cast<double>(k(ratio, n));
      EXPECT_LE(squared(x - back), (1.0 - chosen / static_cast<double>(n)) * squared(x) * (1 + 1e-12)) << n;
      EXPECT_EQ((back != 0).sum().item<std::int64_t>(), k(ratio, n));
    }
  }
}

TEST(Codecs, TopKTakesTheFirstOfEquals) {
  const at::Tensor x = at::ones({10}, at::TensorOptions(at::kFloat));
  const at::Tensor back = through(*make_codec("topk", {.ratio = 0.3}), x);
  EXPECT_EQ(back.narrow(0, 0, 3).sum().item<double>(), 3.0);
  EXPECT_EQ(back.sum().item<double>(), 3.0);
}

TEST(Dgc, TheShareFallsExponentiallyDuringTheWarmUp) {
  const auto codec = make_codec("dgc", {.ratio = 0.001, .warmup = 5});
  const at::Tensor x = normal(4097, at::kFloat);
  RandomStream random(1, 1, Purpose::kStrategy);
  // As in the paper, whose five stages send 25 %, 6.25 %, ... 0.1 %.
  for (std::uint64_t exchange = 1; exchange <= 7; ++exchange) {
    const double ratio = std::pow(0.001, std::min(1.0, static_cast<double>(exchange) / 5.0));
    const CodecRound round{.seed = 5, .number = exchange};
    const at::Tensor message = codec->encode(x, round, random);
    EXPECT_EQ(message.numel(), k(ratio, 4097) * 8) << exchange;
    at::Tensor back = at::empty_like(x);
    codec->decode(message, round, back);
    EXPECT_EQ((back != 0).sum().item<std::int64_t>(), k(ratio, 4097)) << exchange;
    EXPECT_TRUE(back.eq(x).logical_or(back.eq(0)).all().item<bool>());
    if (exchange < 5) {
      EXPECT_THROW(codec->decode(message, {.seed = 5, .number = exchange + 1}, back), CommunicationError);
    }
  }
}

TEST(Qsgd, EveryWidthComesBackToItsLevels) {
  for (const std::int64_t levels : {1, 2, 3, 100, 127, 128, 32767}) {
    for (const std::int64_t n : kSizes) {
      const at::Tensor x = normal(n, at::kFloat);
      const at::Tensor back = through(*make_codec("qsgd", {.levels = levels, .bucket = 5000}), x);
      const double unit = std::sqrt(squared(x)) / static_cast<double>(levels);
      EXPECT_LT((back - x).abs().max().item<double>(), 1.0001 * unit) << levels << " " << n;
    }
  }
}

TEST(Qsgd, WhatIsNoNumberStaysNone) {
  at::Tensor x = normal(20, at::kFloat);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor back = through(*make_codec("qsgd", {.levels = 127, .bucket = 10}), x);
  EXPECT_TRUE(back.narrow(0, 0, 10).isnan().all().item<bool>());
  EXPECT_TRUE(back.narrow(0, 10, 10).isfinite().all().item<bool>());
}

TEST(Law7, StochasticCodecsAreUnbiased) {
  constexpr std::int64_t kDraws = 4000;
  const at::Tensor x = normal(64, at::kDouble);
  for (const Case& c : std::vector<Case>{{"qsgd", {.levels = 4, .bucket = 64}, {}},
                                         {"terngrad", {}, {}},
                                         {"natural", {}, {}},
                                         {"randomk", {.ratio = 0.25}, {}}}) {
    const auto codec = make_codec(c.name, c.config);
    at::Tensor sum = at::zeros_like(x), squares = at::zeros_like(x);
    for (std::int64_t i = 1; i <= kDraws; ++i) {
      const at::Tensor back = through(*codec, x, static_cast<std::uint64_t>(i));
      sum += back;
      squares += back.square();
    }
    const at::Tensor mean = sum / kDraws;
    const at::Tensor deviation = ((squares / kDraws - mean.square()).clamp_min(0.0) / kDraws).sqrt();
    const at::Tensor off = (mean - x).abs() / (deviation + 1e-6);  // scales are sent as float32
    EXPECT_LT(off.max().item<double>(), 5.0) << c.name;
  }
}

TEST(Codecs, AMessageThatDoesNotFitIsRefused) {
  const at::Tensor values = normal(100, at::kFloat);
  const CodecRound round{.seed = 5, .number = 1};
  for (const CodecEntry& entry : codecs()) {
    const auto codec = entry.make({});
    if (entry.name == "fp16" || entry.name == "bf16") continue;  // plain tensors
    EXPECT_THROW(codec->decode(at::zeros({3}, at::TensorOptions(at::kByte)), round, values), CommunicationError)
        << entry.name;
  }
  const auto topk = make_codec("topk", {});
  EXPECT_THROW(topk->decode(at::full({8}, 255, at::TensorOptions(at::kByte)), round, values), CommunicationError);
}

}  // namespace
}  // namespace sac::test
