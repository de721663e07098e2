#pragma once
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/options.h"

namespace sac {

/// What a server makes of an update that is tau changes late, s(tau).
///   constant    1
///   polynomial  (1 + tau)^-a
///   hinge       1 up to tau = b, 1 / (a (tau - b) + 1) beyond
/// Xie, Koyejo & Gupta 2019, "Asynchronous Federated Optimization", arXiv:1903.03934, section 5.2.
class StalenessWeight {
 public:
  /// stale_weight, stale_a, stale_b.
  static std::vector<OptionSpec> options(const std::string& fallback) {
    return {{.name = "stale_weight",
             .fallback = fallback,
             .doc = "of an update tau changes late",
             .choices = {"constant", "polynomial", "hinge"}},
            {.name = "stale_a", .fallback = 0.5, .doc = "polynomial, hinge: a", .min = 0, .max = 1e9},
            {.name = "stale_b",
             .fallback = std::int64_t{4},
             .doc = "hinge: changes without loss, b",
             .min = 0,
             .max = 1e12}};
  }

  explicit StalenessWeight(const Options& options)
      : kind_(options.text("stale_weight")), a_(options.number("stale_a")), b_(options.integer("stale_b")) {}

  [[nodiscard]] double of(std::int64_t staleness) const {
    if (kind_ == "polynomial") return std::pow(1.0 + static_cast<double>(staleness), -a_);
    if (kind_ == "hinge" && staleness > b_) return 1.0 / (a_ * static_cast<double>(staleness - b_) + 1.0);
    return 1.0;
  }

 private:
  std::string kind_;
  double a_;
  std::int64_t b_;
};

}  // namespace sac
