#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>

#include "datasets/crop.h"
#include "datasets/dataset.h"

namespace sac {

/// Per-channel statistics of pixels scaled to [0, 1]; both empty: pixels are only scaled to [0, 1].
struct Normalisation {
  std::span<const double> mean;
  std::span<const double> stddev;
};

/// Copies chosen samples into a batch: uint8 pixels become (x / 255 - mean) / stddev; features and tokens are taken as
/// they are.
/// @param indices  [B], in [0, N).  @param dtype  float32 or float64, of `inputs`; token ids stay int64.
/// @param inputs  [B, C, H, W], [B, F] or [B, T], contiguous; allocated unless it already has that shape and type.
/// @param targets  [B] or [B, T], int64; likewise.
/// @param draw  of the windows of images that lie in files; nothing = the same at every call.
/// Safe from any thread with tensors of its own.  @throws DataError  a file of an image cannot be read any more.
void gather(const Examples& examples, const Normalisation& normalisation, std::span<const std::int64_t> indices,
            at::ScalarType dtype, at::Tensor& inputs, at::Tensor& targets, const std::optional<CropDraw>& draw = {});

/// The same for samples [begin, end), without a draw.
void gather_range(const Examples& examples, const Normalisation& normalisation, std::int64_t begin, std::int64_t end,
                  at::ScalarType dtype, at::Tensor& inputs, at::Tensor& targets);

}  // namespace sac
