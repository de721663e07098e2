#pragma once
#include "engine/train/compressed_mean.h"
#include "engine/train/worker.h"

namespace sac {

/// The mean model of some ranks: x <- mean_j x_j, or with a codec x <- r + mean_j C(x_j - r), where r is what all of
/// them agreed on last.
class DifferenceMean {
 public:
  explicit DifferenceMean(const Options& options) : mean_(options) {}
  [[nodiscard]] bool exact() const { return !mean_.active(); }
  [[nodiscard]] bool oblivious() const { return mean_.oblivious(); }
  [[nodiscard]] OnDeath on_death() const { return mean_.on_death(); }
  [[nodiscard]] const Compressor& compressor() const { return mean_.compressor(); }

  /// `model` [n] is the same on all of these ranks: r.
  void agree(const at::Tensor& model) {
    if (!exact()) agreed_ = model.clone();
  }
  /// model [n] becomes the mean over comm's ranks, all of which agreed on one r.
  void apply(Worker& worker, Communicator& comm, const at::Tensor& model) {
    if (exact()) return comm.all_reduce(model, Reduce::kMean);
    model.sub_(agreed_);
    mean_.apply(worker, comm, model, 1.0);
    model.add_(agreed_);
  }
  void io(Archive& archive) { archive.io(mean_, agreed_); }

 private:
  CompressedMean mean_;
  at::Tensor agreed_;  ///< r, [n]; undefined without a codec
};

}  // namespace sac
