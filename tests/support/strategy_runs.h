#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "tests/support/toy.h"

// What the tests of strategies say in one word.
namespace sac::test {

constexpr double kRounding = 1e-12;

inline std::int64_t n(std::int64_t value) { return value; }
inline std::string word(const char* text) { return text; }

/// The toy problem under `strategy`.
inline ToyRun with(const std::string& strategy, ValueMap options = {}) {
  ToyRun run;
  run.strategy = strategy;
  run.options = std::move(options);
  return run;
}

/// Largest distance over all steps and workers between two runs.
inline double apart(const ToyRun& a, const ToyRun& b) {
  const auto left = trace(a);
  const auto right = trace(b);
  double worst = 0.0;
  for (std::size_t rank = 0; rank < left.size(); ++rank) {
    for (std::size_t step = 0; step < left[rank].size(); ++step) {
      worst = std::max(worst, distance(left[rank][step], right[rank][step]));
    }
  }
  return worst;
}

}  // namespace sac::test
