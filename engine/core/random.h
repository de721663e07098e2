#pragma once
#include <array>
#include <cstdint>

namespace sac {

/// What a stream of random numbers is for. Part of the key, so that one use never shifts another.
/// The numbers are part of the run's identity: append, never renumber.
enum class Purpose : std::uint32_t {
  kInitialisation = 1,
  kOrder = 2,
  kAugmentation = 3,
  kDropout = 4,
  kComputeTime = 5,
  kStrategy = 6,
  kPartition = 7,
  kSynthetic = 8,
};

/// Ten rounds of Philox 4x32 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011).
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// A random stream keyed by (seed, rank, purpose): a pure function of its key and its position, independent of every
/// other stream and of the platform. Cheap to copy. Not thread-safe: one owner.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint32_t rank, Purpose purpose);

  std::uint64_t next();                      ///< 64 random bits
  double uniform();                          ///< in [0, 1), 53 bits
  double normal();                           ///< mean 0, variance 1 (Box-Muller; two draws each, no hidden state)
  double exponential();                      ///< mean 1
  double gamma(double shape);                ///< shape > 0, scale 1 (Marsaglia & Tsang 2000)
  std::uint64_t below(std::uint64_t bound);  ///< in [0, bound), unbiased; bound >= 1

  /// Draws made so far; `seek` continues from a stored position.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  void seek(std::uint64_t position) { position_ = position; }

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint32_t rank_;
  std::uint32_t purpose_;
  std::uint64_t position_ = 0;
};

/// A pseudo-random permutation of [0, n) evaluated one index at a time, in O(1) memory: a Feistel network over the next
/// power of four, walking cycles back into range (Black & Rogaway 2002). The same key gives the same permutation.
class Permutation {
 public:
  /// @param n  size, >= 1.  @param stream  distinguishes permutations of one key, e.g. the epoch.
  Permutation(std::uint64_t n, std::uint64_t seed, std::uint32_t rank, std::uint64_t stream);
  [[nodiscard]] std::uint64_t operator()(std::uint64_t index) const;

 private:
  std::uint64_t n_;
  std::uint32_t half_bits_;
  std::array<std::uint32_t, 6> round_keys_;
};

}  // namespace sac
