#include "engine/core/random.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace sac {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

RandomStream::RandomStream(std::uint64_t seed, std::uint32_t rank, Purpose purpose)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      rank_(rank),
      purpose_(static_cast<std::uint32_t>(purpose)) {}

std::uint64_t RandomStream::next() {
  const std::uint64_t block = position_++;
  const auto bits =
      philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), rank_, purpose_}, key_);
  return std::uint64_t{bits[0]} << 32 | bits[1];
}

double RandomStream::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

double RandomStream::exponential() { return -std::log1p(-uniform()); }

double RandomStream::gamma(double shape) {
  if (shape < 1.0) return gamma(shape + 1.0) * std::pow(1.0 - uniform(), 1.0 / shape);
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    const double x = normal();
    const double v = std::pow(1.0 + c * x, 3);
    if (v > 0.0 && std::log1p(-uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  const std::uint64_t limit = bound * (~std::uint64_t{0} / bound);
  std::uint64_t bits = next();
  while (bits >= limit) bits = next();
  return bits % bound;
}

Permutation::Permutation(std::uint64_t n, std::uint64_t seed, std::uint32_t rank, std::uint64_t stream)
    : n_(n), half_bits_(1), round_keys_{} {
  while ((std::uint64_t{1} << (2 * half_bits_)) < n) ++half_bits_;
  for (std::uint32_t block = 0; block < 2; ++block) {
    const auto bits =
        philox({static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32) ^ block << 31, rank,
                static_cast<std::uint32_t>(Purpose::kOrder)},
               {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    for (std::size_t i = 0; i < 3; ++i) round_keys_[block * 3 + i] = bits[i];
  }
}

std::uint64_t Permutation::operator()(std::uint64_t index) const {
  const auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << half_bits_) - 1);
  do {
    auto left = static_cast<std::uint32_t>(index >> half_bits_);
    auto right = static_cast<std::uint32_t>(index) & mask;
    for (const std::uint32_t key : round_keys_) {
      std::uint32_t mixed = right ^ key;
      mixed = (mixed ^ (mixed >> 16)) * 0x7FEB352DU;
      mixed = (mixed ^ (mixed >> 15)) * 0x846CA68BU;
      mixed ^= mixed >> 16;
      const std::uint32_t next_right = left ^ (mixed & mask);
      left = right;
      right = next_right;
    }
    index = std::uint64_t{left} << half_bits_ | right;
  } while (index >= n_);
  return index;
}

}  // namespace sac
