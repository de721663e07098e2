#include "engine/compress/codec.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

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
