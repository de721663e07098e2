#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/core/options.h"
#include "engine/train/archive.h"

namespace sac {

/// What an optimiser over whole periods needs to know.
struct OuterConfig {
  std::string rule = "sgd";  ///< sgd | nesterov | adam
  double lr = 1.0;
  double momentum = 0.0;  ///< sgd, nesterov; beta_1 of adam
  double beta2 = 0.99;    ///< adam
  double epsilon = 1e-3;  ///< adam

  /// PREFIX_optimizer, PREFIX_lr and PREFIX_momentum.  @param doc  what the first one is for.
  static std::vector<OptionSpec> options(const std::string& prefix, const std::string& doc,
                                         const OuterConfig& fallback);
  /// As these options have it.
  static OuterConfig of(const Options& options, const std::string& prefix);
};

/// The options of DiLoCo and its kin: outer_optimizer = "nesterov", outer_lr = 0.7, outer_momentum = 0.9.
std::vector<OptionSpec> outer_options();

/// An optimiser whose gradient is what a period changed: D = (x_start - mean) / u.
///   sgd       v <- m v + D; x <- x_start - lr u v
///   nesterov  v <- m v + D; x <- x_start - lr u (D + m v)
///   adam      v <- m v + (1 - m) D; s <- b s + (1 - b) D^2; x <- x_start - lr u v / (sqrt(s) + e)
/// Every rank computes the same from the same mean. Wang et al. 2020, arXiv:1910.00643 (u = lr of the inner steps);
/// Douillard et al. 2023, arXiv:2311.08105 (u = 1); Reddi et al. 2021, arXiv:2003.00295 (adam).
class OuterOptimizer {
 public:
  explicit OuterOptimizer(OuterConfig config) : config_(std::move(config)) {}

  /// @param start  where the first period starts, [n].
  void prepare(const at::Tensor& start) { start_ = start.clone(); }
  /// @param model  the mean at a period's end, [n]; becomes the start of the next one.  @param unit  u.
  void step(const at::Tensor& model, double unit = 1.0);
  [[nodiscard]] const at::Tensor& start() const { return start_; }  ///< x_start, [n]
  void io(Archive& archive) { archive.io(start_, velocity_, squares_); }

 private:
  /// The change, from D, in place of it.
  void turn_into_change(const at::Tensor& change);

  OuterConfig config_;
  at::Tensor start_, velocity_, squares_;  ///< [n]
};

}  // namespace sac
