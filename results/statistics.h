#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace sac {

/// A two-sided 95 % interval.
struct Interval {
  double low = 0.0;
  double high = 0.0;
};

/// Replicates summed up. One value: no spread and no interval. A value that is not finite: neither, and its mean.
struct Summary {
  std::size_t n = 0;
  double mean = 0.0;
  std::optional<double> sd;          ///< sample standard deviation, n - 1 in the denominator
  std::optional<double> half_width;  ///< of the Student-t interval mean ± half_width
};
Summary summarize(std::span<const double> values);

/// What changing one thing did, from pairs that share a seed.
struct PairedEffect {
  std::size_t n = 0;                 ///< pairs
  double estimate = 0.0;             ///< mean difference, or ratio of geometric means
  std::optional<Interval> interval;  ///< Student-t; a ratio's is computed on the logarithms; needs two pairs
  std::optional<double> p;           ///< exact sign-flip test, two-sided; needs two pairs
  double smallest_p = 1.0;           ///< no data of this size could give less
};

/// Mean of values - baseline. Spans of equal length, paired by position.
PairedEffect paired_difference(std::span<const double> values, std::span<const double> baseline);

/// Ratio values / baseline; nothing unless every value is positive and finite.
std::optional<PairedEffect> paired_ratio(std::span<const double> values, std::span<const double> baseline);

/// The share of the 2^n sign assignments whose |sum| reaches the observed one; beyond 24 differences, the share among
/// 100,000 of them drawn from a fixed stream. 1 for none.
double sign_flip_p(std::span<const double> differences);

/// The p that the test gives when all n differences have one sign: 2 / 2^n, at most 1.
double smallest_sign_flip_p(std::size_t n);

/// Holm's adjustment of several p-values (Holm 1979), in the order given.
std::vector<double> holm(std::span<const double> p);

}  // namespace sac
