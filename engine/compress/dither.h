#pragma once
#include <cstdint>
#include <span>

#include "engine/core/random.h"

namespace sac {

/// Uniform numbers in [0, 1), 24 bits each, for rounding at random: a pure function of one draw of a keyed stream,
/// which so moves by one a message, however long. SplitMix64 (Steele, Lea & Flood, OOPSLA 2014), two numbers a mix:
/// some twenty times as fast as a Philox block for each.
class Dither {
 public:
  explicit Dither(RandomStream& random) : state_(random.next()) {}

  /// The next out.size() numbers; an odd number of them leaves half a mix unused.
  void fill(std::span<float> out) {
    std::size_t i = 0;
    for (; i + 1 < out.size(); i += 2) {
      const std::uint64_t bits = next();
      out[i] = unit(bits >> 40);
      out[i + 1] = unit(bits & kMask);
    }
    if (i < out.size()) out[i] = unit(next() >> 40);
  }

 private:
  static constexpr std::uint64_t kMask = (std::uint64_t{1} << 24) - 1;
  static float unit(std::uint64_t bits) { return static_cast<float>(static_cast<std::int32_t>(bits)) * 0x1.0p-24F; }

  std::uint64_t next() {
    std::uint64_t mixed = state_ += 0x9E3779B97F4A7C15ULL;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31);
  }

  std::uint64_t state_;
};

}  // namespace sac
