#include "results/statistics.h"

#include <algorithm>
#include <bit>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "engine/core/random.h"

namespace sac {
namespace {

constexpr std::size_t kExactLimit = 24;
constexpr std::uint64_t kDraws = 100'000;

double t_quantile_975(std::size_t n) {
  const boost::math::students_t distribution(static_cast<double>(n - 1));
  return boost::math::quantile(distribution, 0.975);
}

double exact_share(std::span<const double> differences, double threshold) {
  double sum = std::accumulate(differences.begin(), differences.end(), 0.0);
  std::vector<double> signed_differences(differences.begin(), differences.end());
  const std::uint64_t half = std::uint64_t{1} << (differences.size() - 1);  // the other half mirrors this one
  std::uint64_t reached = std::abs(sum) >= threshold ? 1 : 0;
  for (std::uint64_t code = 1; code < half; ++code) {  // a Gray code flips one sign a step
    double& flipped = signed_differences[static_cast<std::size_t>(std::countr_zero(code))];
    flipped = -flipped;
    sum += 2.0 * flipped;
    if (std::abs(sum) >= threshold) ++reached;
  }
  return static_cast<double>(reached) / static_cast<double>(half);
}

double sampled_share(std::span<const double> differences, double threshold) {
  RandomStream random(differences.size(), 0, Purpose::kSynthetic);
  std::uint64_t reached = 1;  // the observed assignment counts
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    double sum = 0.0;
    for (const double difference : differences) sum += (random.next() & 1) != 0 ? difference : -difference;
    if (std::abs(sum) >= threshold) ++reached;
  }
  return static_cast<double>(reached) / static_cast<double>(kDraws + 1);
}

PairedEffect effect_of(std::span<const double> differences) {
  const Summary summary = summarize(differences);
  PairedEffect effect;
  effect.n = summary.n;
  effect.estimate = summary.mean;
  effect.smallest_p = smallest_sign_flip_p(summary.n);
  if (summary.half_width) {
    effect.interval = Interval{summary.mean - *summary.half_width, summary.mean + *summary.half_width};
    effect.p = sign_flip_p(differences);
  }
  return effect;
}

}  // namespace

Summary summarize(std::span<const double> values) {
  Summary summary;
  summary.n = values.size();
  if (values.empty()) return summary;
  const double n = static_cast<double>(values.size());
  summary.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2 || !std::isfinite(summary.mean)) return summary;
  double squares = 0.0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  summary.sd = std::sqrt(squares / (n - 1.0));
  summary.half_width = t_quantile_975(values.size()) * *summary.sd / std::sqrt(n);
  return summary;
}

PairedEffect paired_difference(std::span<const double> values, std::span<const double> baseline) {
  std::vector<double> differences(values.size());
  std::transform(values.begin(), values.end(), baseline.begin(), differences.begin(), std::minus<>());
  return effect_of(differences);
}

std::optional<PairedEffect> paired_ratio(std::span<const double> values, std::span<const double> baseline) {
  const auto usable = [](double value) { return std::isfinite(value) && value > 0.0; };
  if (values.empty() || !std::ranges::all_of(values, usable) || !std::ranges::all_of(baseline, usable)) {
    return std::nullopt;
  }
  std::vector<double> logs(values.size());
  std::transform(values.begin(), values.end(), baseline.begin(), logs.begin(),
                 [](double value, double base) { return std::log(value / base); });
  PairedEffect effect = effect_of(logs);
  effect.estimate = std::exp(effect.estimate);
  if (effect.interval) effect.interval = Interval{std::exp(effect.interval->low), std::exp(effect.interval->high)};
  return effect;
}

double sign_flip_p(std::span<const double> differences) {
  if (differences.empty()) return 1.0;
  double scale = 0.0;
  for (const double difference : differences) scale += std::abs(difference);
  const double observed = std::abs(std::accumulate(differences.begin(), differences.end(), 0.0));
  const double threshold = observed - 1e-12 * scale;  // sums equal but for rounding are ties
  return differences.size() <= kExactLimit ? exact_share(differences, threshold)
                                           : sampled_share(differences, threshold);
}

double smallest_sign_flip_p(std::size_t n) {
  if (n > kExactLimit) return 1.0 / static_cast<double>(kDraws + 1);
  return n == 0 ? 1.0 : std::ldexp(1.0, 1 - static_cast<int>(n));
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [p](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double least = 0.0;
  for (std::size_t place = 0; place < order.size(); ++place) {
    least = std::max(least, std::min(1.0, static_cast<double>(p.size() - place) * p[order[place]]));
    adjusted[order[place]] = least;
  }
  return adjusted;
}

}  // namespace sac
