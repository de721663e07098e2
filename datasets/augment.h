#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/batches.h"
#include "engine/core/options.h"

namespace sac {

/// What training images go through. Draws are keyed by (seed, sample, step): the same whichever worker, in whatever
/// strategy, draws a sample at a step.
struct Augmentation {
  std::int64_t crop_padding = 0;  ///< black pixels around an image before a window of its own size is cut out of it
  bool flip = false;              ///< left to right, every second time
  std::int64_t cutout = 0;        ///< side of a square set to the mean colour (DeVries & Taylor 2017), pixels; 0 = none

  [[nodiscard]] bool any() const { return crop_padding > 0 || flip || cutout > 0; }
};

/// What training labels become; sums of both.
struct LabelMix {
  double smoothing = 0.0;  ///< share of a label dealt out evenly over all classes (Szegedy et al. 2016)
  double mixup = 0.0;      ///< alpha: shares of two samples from Beta(alpha, alpha) (Zhang et al. 2018); 0 = off

  [[nodiscard]] bool any() const { return smoothing > 0.0 || mixup > 0.0; }
};

/// The options of the [data] table that the two above are read from.
const std::vector<OptionSpec>& augmentation_options();
Augmentation augmentation(const Options& options);
LabelMix label_mix(const Options& options);

/// Augments a normalised batch in place.
/// @param images  [B, C, H, W], float32 or float64, contiguous.  @param indices  [B], samples of its rows.
void augment(const Augmentation& augmentation, const Normalisation& normalisation, std::uint64_t seed,
             std::int64_t step, std::span<const std::int64_t> indices, const at::Tensor& images);

/// Labels [B] as shares of classes [B, classes], smoothed.
at::Tensor class_shares(const at::Tensor& targets, std::int64_t classes, double smoothing, at::ScalarType dtype);

/// Mixes every sample with its mirror image in the batch's order, inputs and shares alike, in place; the share is drawn
/// once a batch, keyed by (seed, member, step).
void mix_up(double alpha, std::uint64_t seed, std::int64_t member, std::int64_t step, at::Tensor& inputs,
            at::Tensor& shares);

}  // namespace sac
