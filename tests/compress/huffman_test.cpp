#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "engine/compress/bits.h"
#include "engine/compress/codec.h"
#include "engine/compress/huffman_code.h"
#include "engine/core/error.h"

namespace sac::test {
namespace {

at::Tensor normal(std::int64_t count) {
  RandomStream stream(3, 0, Purpose::kSynthetic);
  at::Tensor values = at::empty({count}, at::TensorOptions(at::kFloat));
  auto* value = values.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i) value[i] = static_cast<float>(stream.normal());
  return values;
}

struct Quantiser {
  std::string name;
  CodecConfig config{};
  int width = 8;
  std::int64_t (*header)(std::int64_t n);
};

std::vector<Quantiser> quantisers() {
  const auto norms = [](std::int64_t n) { return 4 * ((n + 511) / 512); };
  const auto scale = [](std::int64_t) { return std::int64_t{4}; };
  return {{"int8", {}, 8, scale},
          {"qsgd", {}, 8, norms},
          {"qsgd", {.levels = 7}, 4, norms},
          {"qsgd", {.levels = 32767}, 16, norms},
          {"terngrad", {}, 2, scale},
          {"natural", {}, 9, [](std::int64_t) { return std::int64_t{0}; }}};
}

at::Tensor encoded(const Codec& codec, const at::Tensor& values) {
  RandomStream random(1, 1, Purpose::kStrategy);
  return codec.encode(values, {.seed = 5, .number = 1}, random);
}

at::Tensor decoded(const Codec& codec, const at::Tensor& message, const at::Tensor& like) {
  const at::Tensor back = at::full_like(like, 77.0);
  codec.decode(message, {.seed = 5, .number = 1}, back);
  return back;
}

/// The formula, written down apart from the code: 1 + header + 4 + ceil(s / 2) + ceil(sum l / 8), or 1 + plain.
std::int64_t expected_bytes(const Quantiser& quantiser, const at::Tensor& plain, std::int64_t count) {
  const std::int64_t header = quantiser.header(count);
  std::vector<std::int64_t> counts(std::size_t{1} << quantiser.width, 0);
  BitReader reader(plain.const_data_ptr<std::uint8_t>() + header);
  for (std::int64_t i = 0; i < count; ++i) ++counts[reader.take(quantiser.width)];
  std::size_t first = 0, last = counts.size() - 1;
  while (counts[first] == 0) ++first;
  while (counts[last] == 0) --last;
  const std::vector<int> lengths = huffman_lengths(
      {counts.begin() + static_cast<std::ptrdiff_t>(first), counts.begin() + static_cast<std::ptrdiff_t>(last) + 1});
  std::int64_t bits = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) bits += counts[first + i] * lengths[i];
  const auto symbols = static_cast<std::int64_t>(last - first + 1);
  return 1 + std::min(plain.numel(), header + 4 + (symbols + 1) / 2 + (bits + 7) / 8);
}

TEST(Huffman, MessagesHaveTheBytesOfTheFormulaAndSayTheSame) {
  auto all = quantisers();
  for (Quantiser& quantiser : all) {
    const auto plain = make_codec(quantiser.name, quantiser.config);
    quantiser.config.huffman = true;
    const auto coded = make_codec(quantiser.name, quantiser.config);
    ASSERT_TRUE(coded->varies());
    for (const std::int64_t n : {1, 2, 3, 7, 63, 511, 513, 4097, 60001}) {
      const at::Tensor values = normal(n);
      const at::Tensor raw = encoded(*plain, values);
      const at::Tensor message = encoded(*coded, values);
      const std::string label = quantiser.name + " " + std::to_string(n);
      EXPECT_EQ(message.numel(), expected_bytes(quantiser, raw, n)) << label;
      EXPECT_LE(message.numel(), coded->bytes(n, 4)) << label;
      EXPECT_TRUE(decoded(*coded, message, values).equal(decoded(*plain, raw, values))) << label;
    }
  }
}

TEST(Huffman, ItIsShorterWhereTheValuesAreUneven) {
  const at::Tensor values = normal(60001);
  EXPECT_LT(encoded(*make_codec("qsgd", {.huffman = true}), values).numel(),
            60001 * 5 / 8);  // 127 levels: 8 bits plain
  EXPECT_LT(encoded(*make_codec("natural", {.huffman = true}), values).numel(), 60001 * 4 / 8);
  const at::Tensor zeros = at::zeros({1000}, at::TensorOptions(at::kFloat));
  EXPECT_EQ(encoded(*make_codec("int8", {.huffman = true}), zeros).numel(), 1 + 4 + 4 + 1 + 125);
  EXPECT_TRUE(
      decoded(*make_codec("int8", {.huffman = true}), encoded(*make_codec("int8", {.huffman = true}), zeros), zeros)
          .equal(zeros));
}

TEST(Huffman, LengthsAreTheBestAndLimited) {
  EXPECT_EQ(huffman_lengths({5, 0, 1, 1, 2}), (std::vector<int>{1, 0, 3, 3, 2}));
  EXPECT_EQ(huffman_lengths({0, 9}), (std::vector<int>{0, 1}));
  std::vector<std::int64_t> fibonacci{1, 1};
  while (fibonacci.size() < 60) fibonacci.push_back(fibonacci.back() + fibonacci[fibonacci.size() - 2]);
  const std::vector<int> lengths = huffman_lengths(fibonacci);
  double kraft = 0.0;
  for (const int length : lengths) {
    EXPECT_GE(length, 1);
    EXPECT_LE(length, kLongestCode);
    kraft += std::pow(2.0, -length);
  }
  EXPECT_EQ(kraft, 1.0);
}

TEST(Huffman, BrokenMessagesAreRefusedOrReadNeverWorse) {
  const at::Tensor values = normal(4097);
  const auto codec = make_codec("qsgd", {.huffman = true});
  const at::Tensor message = encoded(*codec, values);
  for (std::int64_t length = 0; length < message.numel(); length += 101) {
    EXPECT_THROW(decoded(*codec, message.narrow(0, 0, length).clone(), values), CommunicationError) << length;
  }
  RandomStream noise(9, 0, Purpose::kSynthetic);
  for (int i = 0; i < 200; ++i) {  // no byte may lead outside
    const at::Tensor broken = message.clone();
    for (int j = 0; j < 3; ++j) {
      broken[static_cast<std::int64_t>(noise.below(200))] = static_cast<std::int64_t>(noise.below(256));
    }
    try {
      decoded(*codec, broken, values);
    } catch (const CommunicationError&) {
    }
  }
}

TEST(Huffman, OnlyQuantisedValuesAreCoded) {
  for (const char* name : {"none", "topk", "dgc", "fp16", "powersgd", "signsgd"}) {
    EXPECT_THROW(make_codec(name, {.huffman = true}), ConfigError) << name;
  }
}

}  // namespace
}  // namespace sac::test
