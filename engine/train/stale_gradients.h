#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/comm/parameter_server.h"
#include "engine/core/options.h"
#include "engine/train/archive.h"

namespace sac {

/// What a server does about gradients of old models, tau changes late.
///   drop                 those with tau > stale_drop are thrown away
///   scale                g <- g / max(1, tau)                     Zhang et al. 2016, arXiv:1511.05950
///   delay_compensation   g <- g + l g * g * (x - x_read)          Zheng et al. 2017, DC-ASGD, arXiv:1609.08326
///   adaptive_...         the same with l / sqrt(m + 1e-7), m the moving mean of g * g
///   gap_aware            g <- g / max(1, |x - x_read| / c), c the mean length of a change
///                                                                 Barkai et al. 2020, arXiv:1909.10802
/// `stale_drop` goes with any of the others. Compensation and gap keep one copy of the model a worker.
class StaleGradients {
 public:
  /// stale_drop, stale_remedy, stale_lambda.
  static std::vector<OptionSpec> options();

  StaleGradients(const Options& options, int workers);

  /// Corrects gradient [n] in place.  @return false where it must be thrown away.
  bool correct(const at::Tensor& gradient, const ServerUpdate& update, const at::Tensor& parameters);
  /// The worker takes `parameters` [n] as they are.
  void read(int worker, const at::Tensor& parameters);
  /// parameters have just changed from what they were when this was last called.
  void changed(const at::Tensor& parameters);
  void io(Archive& archive) { archive.io(copies_, squares_, last_, change_sum_, changes_); }

 private:
  enum class Remedy { kNone, kScale, kCompensate, kCompensateAdaptively, kGap };

  [[nodiscard]] bool remembers() const { return remedy_ != Remedy::kNone && remedy_ != Remedy::kScale; }
  void compensate(const at::Tensor& gradient, const at::Tensor& moved);
  void shorten(const at::Tensor& gradient, const at::Tensor& moved) const;

  std::int64_t drop_;  ///< -1 = never
  Remedy remedy_ = Remedy::kNone;
  double lambda_;
  std::vector<at::Tensor> copies_;  ///< what each worker has read; undefined before
  at::Tensor squares_;              ///< moving mean of g * g
  at::Tensor last_;                 ///< parameters after the last change
  double change_sum_ = 0.0;         ///< of lengths
  std::int64_t changes_ = 0;
};

}  // namespace sac
