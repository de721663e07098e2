#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/options.h"
#include "engine/train/archive.h"

namespace sac {

/// How many gradients make a change of a served model, n, and how n grows. The server decides, from what it is pushed.
///   constant  n
///   linear    n + floor(growth c) after c changes
///   adasync   ceil(n sqrt(F_0 / F)), never below n: F the mean loss behind the gradients of the last `window` changes,
///             F_0 of the first such window. Dutta, Wang & Joshi 2021, "Slow and Stale Gradients Can Win the Race",
///             arXiv:2003.10579 (AdaSync; their rule for K-async, whose time a change is proportional to n)
/// n that grows stops at gradients_max. With adasync a worker says its loss with each push: 8 bytes that are not
/// booked.
class GradientCount {
 public:
  /// gradients, gradients_schedule, gradients_growth, gradients_window, gradients_max.
  static std::vector<OptionSpec> options();

  /// A constant n >= 1; 0 = one a worker.
  explicit GradientCount(std::int64_t gradients = 1) : base_(gradients) {}
  /// @throws ConfigError  a schedule without an n to start from.
  GradientCount(const Options& options, const std::string& strategy);

  [[nodiscard]] std::int64_t base() const { return base_; }
  [[nodiscard]] bool follows_loss() const { return kind_ == Kind::kAdaSync; }
  /// Resolves what is meant as "one a worker".
  void prepare(int workers);

  [[nodiscard]] std::int64_t needed() const { return needed_; }
  /// A gradient of the change under way, of a mini-batch with this loss.
  void taken(double loss);
  /// The change is made.
  void changed();
  void io(Archive& archive) { archive.io(needed_, changes_, loss_sum_, losses_, first_loss_); }

 private:
  enum class Kind { kConstant, kLinear, kAdaSync };

  Kind kind_ = Kind::kConstant;
  std::int64_t base_ = 1;
  double growth_ = 0.0;
  std::int64_t window_ = 1;
  std::int64_t max_ = 0;
  std::int64_t needed_ = 1;
  std::int64_t changes_ = 0;
  double loss_sum_ = 0.0;  ///< of this window
  std::int64_t losses_ = 0;
  double first_loss_ = 0.0;  ///< F_0
};

}  // namespace sac
